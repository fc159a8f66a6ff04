-- The same sums as in balances.sql, of all customers and sellers: documents and payments are added up as they stand in
-- their tables, and only what went back of a few payments is worked out as movements. A payment of an earlier day in
-- UTC is no later day's in any time zone; only newer ones need their seller's.
{{ payments/receivables/sql/movements.sql }},
moved AS (
    SELECT organisation_id, currency, SUM(total) AS amount
    FROM invoicing_invoice
    WHERE status <> 'draft' AND status <> 'void' AND issue_date <= %(day)s
    GROUP BY organisation_id, currency
    UNION ALL
    SELECT invoice.organisation_id, invoice.currency, invoice.total
    FROM invoicing_invoice invoice
    JOIN organisations_billingentity seller ON seller.id = invoice.billing_entity_id
    WHERE invoice.voided_at IS NOT NULL AND invoice.status = 'void' AND invoice.number <> ''
        AND invoice.issue_date <= %(day)s
        AND (invoice.voided_at AT TIME ZONE seller.time_zone)::date > %(day)s
    UNION ALL
    SELECT organisation_id, currency, -total
    FROM invoicing_creditnote
    WHERE issue_date <= %(day)s
    UNION ALL
    SELECT organisation_id, currency, -SUM(amount - payer_fee)
    FROM payments_payment
    WHERE paid_at IS NOT NULL
        AND (
            received_on <= %(day)s
            OR received_on IS NULL AND invoice_id IS NOT NULL AND paid_at < %(day)s::date AT TIME ZONE 'UTC'
        )
    GROUP BY organisation_id, currency
    UNION ALL
    SELECT payment.organisation_id, payment.currency, -(payment.amount - payment.payer_fee)
    FROM payments_payment payment
    JOIN invoicing_invoice invoice ON invoice.id = payment.invoice_id
    JOIN organisations_billingentity seller ON seller.id = invoice.billing_entity_id
    WHERE payment.received_on IS NULL AND payment.paid_at >= %(day)s::date AT TIME ZONE 'UTC'
        AND (payment.paid_at AT TIME ZONE seller.time_zone)::date <= %(day)s
    UNION ALL
    SELECT organisation_id, currency, amount
    FROM movement
    WHERE day <= %(day)s AND kind IN ('reversal', 'refund', 'failed_refund', 'dispute', 'dispute_won')
)
SELECT organisation_id, currency, SUM(amount)
FROM moved
GROUP BY organisation_id, currency
