-- What was open at the end of a day, by currency, late or not. Of what was given back Python knows more: an invoice
-- with such money has a row of its own, with its id.
{{ payments/receivables/sql/open_at.sql }}
SELECT
    currency, due_date < %(day)s AS is_late, CASE WHEN some_returned THEN id END AS invoice_id,
    CASE WHEN some_returned THEN time_zone END AS time_zone, SUM(not_settled)
FROM open_invoice
GROUP BY 1, 2, 3, 4
