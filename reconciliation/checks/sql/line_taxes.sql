-- Taxes on lines of issued invoices that are not the rate of the line's taxable value, rounded half away from zero:
-- (invoice, number, organisation, issue date, currency, line's position, name of the tax, rate, what is written, what it
-- ought to be). Written and computed are arrays: taxable value, tax.
--
-- %(places)s  the decimals of each currency, as a JSON object; the others as in invoice_sums.sql
WITH computed AS (
    SELECT invoice.id, invoice.number, invoice.organisation_id, invoice.issue_date, invoice.currency, line.position,
        tax.name, tax.rate, ARRAY[tax.taxable_amount, tax.amount] AS written,
        ARRAY[line.amount - line.discount,
            round((line.amount - line.discount) * tax.rate / 100, (%(places)s::jsonb ->> invoice.currency)::int)
        ] AS right_sums
    FROM invoicing_invoice invoice
    JOIN invoicing_invoiceline line ON line.invoice_id = invoice.id
    JOIN invoicing_invoicetax tax ON tax.line_id = line.id
    WHERE invoice.number <> ''
        AND invoice.issue_date BETWEEN %(first)s::date - 1 AND %(last)s
        AND (invoice.issue_date >= %(first)s OR invoice.finalized_at >= %(start)s)
        AND (%(organisation)s::uuid IS NULL OR invoice.organisation_id = %(organisation)s)
)
SELECT id, number, organisation_id, issue_date, currency, position, name, rate, written, right_sums
FROM computed
WHERE written IS DISTINCT FROM right_sums
ORDER BY issue_date, number, position, name
