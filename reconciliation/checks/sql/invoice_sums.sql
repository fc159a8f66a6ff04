-- Issued invoices whose sums are not those of their lines and taxes:
-- (id, number, organisation, issue date, currency, what is written, what it ought to be).
-- Written and computed are arrays: subtotal, discounts, tax, total.
--
-- %(first)s, %(last)s  issue dates, both included
-- %(start)s            the first instant of the days in UTC: of the day before those that were issued since are looked at
--                      as well, by sellers whose day lasts longer
-- %(organisation)s     one customer, or NULL for all
WITH looked AS (
    SELECT id, number, organisation_id, issue_date, currency, subtotal, discount_total, tax_total, round_off, total
    FROM invoicing_invoice
    WHERE number <> '' AND issue_date BETWEEN %(first)s::date - 1 AND %(last)s
        AND (issue_date >= %(first)s OR finalized_at >= %(start)s)
        AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s)
),
lines AS (
    SELECT line.invoice_id, SUM(line.amount) AS amount, SUM(line.discount) AS discount
    FROM invoicing_invoiceline line JOIN looked ON looked.id = line.invoice_id
    GROUP BY line.invoice_id
),
taxes AS (
    SELECT tax.invoice_id, SUM(tax.amount) AS amount
    FROM invoicing_invoicetax tax JOIN looked ON looked.id = tax.invoice_id
    GROUP BY tax.invoice_id
),
computed AS (
    SELECT looked.*, ARRAY[subtotal, discount_total, tax_total, total] AS written,
        ARRAY[COALESCE(lines.amount, 0), COALESCE(lines.discount, 0), COALESCE(taxes.amount, 0),
            COALESCE(lines.amount - lines.discount, 0) + COALESCE(taxes.amount, 0) + round_off] AS right_sums
    FROM looked
    LEFT JOIN lines ON lines.invoice_id = looked.id
    LEFT JOIN taxes ON taxes.invoice_id = looked.id
)
SELECT id, number, organisation_id, issue_date, currency, written, right_sums
FROM computed
WHERE written IS DISTINCT FROM right_sums
ORDER BY issue_date, number
