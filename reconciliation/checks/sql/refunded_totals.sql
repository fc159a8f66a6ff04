-- Payments that say another sum than their refunds:
-- (id, Razorpay's id or the reference, organisation, currency, what is written, what it ought to be).
--
-- What went back by Razorpay is the higher of two sums: its refunds that are known by name and did not fail, and the
-- highest sum that it named, less those that failed there (payments.services.refunds.count_refunds).
--
-- Parameters: those of paid_totals.sql
WITH {{ reconciliation/checks/sql/refunds_by_payment.sql }},
computed AS (
    SELECT payment.id, COALESCE(payment.razorpay_payment_id, payment.reference) AS name, payment.organisation_id,
        payment.currency, payment.amount_refunded,
        LEAST(
            GREATEST(COALESCE(named.known, 0), payment.refunds_reported - COALESCE(named.failed, 0))
                + COALESCE(named.by_bank, 0),
            payment.amount
        ) AS right_sum
    FROM payments_payment payment
    LEFT JOIN named ON named.payment_id = payment.id
    WHERE %(organisation)s::uuid IS NULL OR payment.organisation_id = %(organisation)s
)
SELECT id, name, organisation_id, currency, amount_refunded, right_sum
FROM computed
WHERE amount_refunded <> right_sum
ORDER BY id
