-- Customers whose account, movement by movement, does not come to what their invoices and payments say now:
-- (organisation, name, currency, by movements, by invoices and payments).
--
-- By movements: invoices less credit notes, payments, tax withheld, with what went back (movements.sql). By invoices and
-- payments: what is not paid of invoices that stand, less what is left of payments and is credited to none.
--
-- %(organisations)s, %(seller)s  as in movements.sql; both NULL for all
{{ payments/receivables/sql/movements.sql }},
moved AS (
    SELECT organisation_id, currency, SUM(amount) AS amount FROM movement GROUP BY organisation_id, currency
),
unpaid AS (
    SELECT organisation_id, currency, SUM(total - amount_credited - amount_paid) AS amount
    FROM invoicing_invoice
    WHERE number <> '' AND status <> 'void'
        AND (%(organisations)s::uuid[] IS NULL OR organisation_id = ANY(%(organisations)s::uuid[]))
    GROUP BY organisation_id, currency
),
unused AS (
    SELECT payment.organisation_id, payment.currency,
        SUM(GREATEST(payment.amount - payment.payer_fee - payment.amount_refunded - payment.amount_lost, 0)
            - COALESCE(credited.amount, 0)) AS amount
    FROM payments_payment payment
    LEFT JOIN (
        SELECT payment_id, SUM(amount) AS amount FROM payments_paymentallocation GROUP BY payment_id
    ) credited ON credited.payment_id = payment.id
    WHERE payment.paid_at IS NOT NULL AND payment.status <> 'reversed'
        AND (%(organisations)s::uuid[] IS NULL OR payment.organisation_id = ANY(%(organisations)s::uuid[]))
    GROUP BY payment.organisation_id, payment.currency
),
compared AS (
    SELECT organisation_id, currency, COALESCE(moved.amount, 0) AS by_movements,
        COALESCE(unpaid.amount, 0) - COALESCE(unused.amount, 0) AS by_documents
    FROM moved
    FULL JOIN unpaid USING (organisation_id, currency)
    FULL JOIN unused USING (organisation_id, currency)
)
SELECT compared.organisation_id, organisation.name, compared.currency, compared.by_movements, compared.by_documents
FROM compared
JOIN organisations_organisation organisation ON organisation.id = compared.organisation_id
WHERE compared.by_movements <> compared.by_documents
ORDER BY organisation.name, compared.currency
