-- The customers of whose money some may have been credited to no invoice at the end of a day: of all others, the
-- balance is what was left of their open invoices. A payment that is not credited in full has a problem, unless it came
-- on account; and what happened to one on a later day of any time zone happened after the day began in UTC.
-- Parameter: day.
SELECT organisation_id FROM payments_payment WHERE problem <> ''
UNION
SELECT organisation_id FROM payments_payment WHERE invoice_id IS NULL AND status <> 'reversed'
UNION
SELECT organisation_id FROM payments_payment WHERE id IN ({{ payments/receivables/sql/given_back.sql }})
UNION
SELECT organisation_id FROM payments_payment WHERE paid_at >= %(day)s::date AT TIME ZONE 'UTC'
UNION
SELECT payment.organisation_id
FROM payments_paymentallocation allocation
JOIN payments_payment payment ON payment.id = allocation.payment_id
WHERE allocation.created_at >= %(day)s::date AT TIME ZONE 'UTC'
