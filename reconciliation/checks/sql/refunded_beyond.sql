-- Payments of which more went back than came in, such as by Razorpay's dashboard and by bank transfer as well:
-- (id, Razorpay's id or the reference, organisation, currency, what went back, what came in).
--
-- Parameters: those of paid_totals.sql
WITH {{ reconciliation/checks/sql/refunds_by_payment.sql }}
SELECT payment.id, COALESCE(payment.razorpay_payment_id, payment.reference), payment.organisation_id, payment.currency,
    GREATEST(named.known, payment.refunds_reported - named.failed) + named.by_bank, payment.amount
FROM payments_payment payment
JOIN named ON named.payment_id = payment.id
WHERE GREATEST(named.known, payment.refunds_reported - named.failed) + named.by_bank > payment.amount
    AND (%(organisation)s::uuid IS NULL OR payment.organisation_id = %(organisation)s)
ORDER BY payment.id
