-- The invoices that may have been open at the end of a day: those that are open now, and those to which something
-- happened since. All others are settled, and were settled then. What happened on a later day of any time zone
-- happened after the day began in UTC. The second part leaves out what the first has, so no row comes twice; a union of
-- ids would have each invoice looked up a second time.
-- Parameter: day.
SELECT *
FROM invoicing_invoice
WHERE status IN ('finalized', 'partially_paid', 'partially_refunded', 'refunded')
    AND total > amount_credited + amount_paid
UNION ALL
SELECT *
FROM invoicing_invoice
WHERE NOT (
        status IN ('finalized', 'partially_paid', 'partially_refunded', 'refunded')
        AND total > amount_credited + amount_paid
    )
    AND id IN (
        SELECT voided.id
        FROM invoicing_invoice voided
        WHERE voided.voided_at >= %(day)s::date AT TIME ZONE 'UTC'
        UNION
        SELECT note.invoice_id
        FROM invoicing_creditnote note
        WHERE note.created_at >= %(day)s::date AT TIME ZONE 'UTC'
        UNION
        SELECT allocation.invoice_id
        FROM payments_paymentallocation allocation
        WHERE allocation.created_at >= %(day)s::date AT TIME ZONE 'UTC'
    )
