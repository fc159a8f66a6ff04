-- What refunds say went back of each payment, as a CTE: named (payment_id, by_bank, known, failed).
named AS (
    SELECT payment_id,
        COALESCE(SUM(amount) FILTER (WHERE kind = 'bank'), 0) AS by_bank,
        COALESCE(SUM(amount) FILTER (WHERE kind <> 'bank' AND status <> 'failed'), 0) AS known,
        COALESCE(SUM(amount) FILTER (WHERE kind <> 'bank' AND status = 'failed' AND razorpay_refund_id IS NOT NULL), 0)
            AS failed
    FROM payments_refund
    GROUP BY payment_id
)
