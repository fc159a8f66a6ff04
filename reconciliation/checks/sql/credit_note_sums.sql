-- Credit notes whose sums are not those of their lines and taxes:
-- (id, number, organisation, issue date, currency, what is written, what it ought to be).
-- Written and computed are arrays: subtotal, tax, total.
--
-- Parameters: those of invoice_sums.sql
WITH looked AS (
    SELECT id, number, organisation_id, issue_date, currency, subtotal, tax_total, round_off, total
    FROM invoicing_creditnote
    WHERE issue_date BETWEEN %(first)s::date - 1 AND %(last)s
        AND (issue_date >= %(first)s OR created_at >= %(start)s)
        AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s)
),
lines AS (
    SELECT line.credit_note_id, SUM(line.amount) AS amount
    FROM invoicing_creditnoteline line JOIN looked ON looked.id = line.credit_note_id
    GROUP BY line.credit_note_id
),
taxes AS (
    SELECT line.credit_note_id, SUM(tax.amount) AS amount
    FROM invoicing_creditnotetax tax
    JOIN invoicing_creditnoteline line ON line.id = tax.line_id
    JOIN looked ON looked.id = line.credit_note_id
    GROUP BY line.credit_note_id
),
computed AS (
    SELECT looked.*, ARRAY[subtotal, tax_total, total] AS written,
        ARRAY[COALESCE(lines.amount, 0), COALESCE(taxes.amount, 0),
            COALESCE(lines.amount, 0) + COALESCE(taxes.amount, 0) + round_off] AS right_sums
    FROM looked
    LEFT JOIN lines ON lines.credit_note_id = looked.id
    LEFT JOIN taxes ON taxes.credit_note_id = looked.id
)
SELECT id, number, organisation_id, issue_date, currency, written, right_sums
FROM computed
WHERE written IS DISTINCT FROM right_sums
ORDER BY issue_date, number
