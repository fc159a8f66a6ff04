-- Issued invoices that say another sum than their credit notes:
-- (id, number, organisation, issue date, currency, what is written, what it ought to be), as arrays of one.
--
-- Parameters: those of invoice_sums.sql
WITH computed AS (
    SELECT invoice.id, invoice.number, invoice.organisation_id, invoice.issue_date, invoice.currency,
        ARRAY[invoice.amount_credited] AS written, ARRAY[COALESCE(notes.total, 0)] AS right_sums
    FROM invoicing_invoice invoice
    LEFT JOIN LATERAL (
        SELECT SUM(total) AS total FROM invoicing_creditnote note WHERE note.invoice_id = invoice.id
    ) notes ON TRUE
    WHERE invoice.number <> ''
        AND invoice.issue_date BETWEEN %(first)s::date - 1 AND %(last)s
        AND (invoice.issue_date >= %(first)s OR invoice.finalized_at >= %(start)s)
        AND (%(organisation)s::uuid IS NULL OR invoice.organisation_id = %(organisation)s)
)
SELECT id, number, organisation_id, issue_date, currency, written, right_sums
FROM computed
WHERE written IS DISTINCT FROM right_sums
ORDER BY issue_date, number
