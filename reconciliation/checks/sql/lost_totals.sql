-- Payments that say another sum than what disputes took of them:
-- (id, Razorpay's id, organisation, currency, what is written, what it ought to be).
--
-- Parameters: those of paid_totals.sql
SELECT payment.id, COALESCE(payment.razorpay_payment_id, payment.reference), payment.organisation_id, payment.currency,
    payment.amount_lost, COALESCE(taken.amount, 0)
FROM payments_payment payment
LEFT JOIN (
    SELECT payment_id, SUM(amount_taken) AS amount FROM payments_dispute WHERE returned_at IS NULL GROUP BY payment_id
) taken ON taken.payment_id = payment.id
WHERE payment.amount_lost <> COALESCE(taken.amount, 0)
    AND (%(organisation)s::uuid IS NULL OR payment.organisation_id = %(organisation)s)
ORDER BY payment.id
