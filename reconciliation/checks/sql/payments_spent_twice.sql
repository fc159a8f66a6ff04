-- Payments of which more is credited to invoices than is left of them:
-- (id, Razorpay's id or the reference, organisation, currency, credited, left).
--
-- Parameters: those of paid_totals.sql
SELECT payment.id, COALESCE(payment.razorpay_payment_id, payment.reference), payment.organisation_id, payment.currency,
    credited.amount, room.amount
FROM payments_payment payment
JOIN (
    SELECT payment_id, SUM(amount) AS amount FROM payments_paymentallocation GROUP BY payment_id
) credited ON credited.payment_id = payment.id
CROSS JOIN LATERAL (
    SELECT CASE WHEN payment.paid_at IS NULL OR payment.status = 'reversed' THEN 0
        ELSE GREATEST(payment.amount - payment.payer_fee - payment.amount_refunded - payment.amount_lost, 0)
    END AS amount
) room
WHERE credited.amount > room.amount
    AND (%(organisation)s::uuid IS NULL OR payment.organisation_id = %(organisation)s)
ORDER BY payment.id
