-- What each customer owed at the end of a day, by how late it was. Of what was given back Python knows more: an invoice
-- with such money has a row of its own, with its id.
-- Parameters: as of open_at.sql. The text `sums` has a column for each bucket.
{{ payments/receivables/sql/open_at.sql }}
SELECT
    organisation_id, currency, CASE WHEN some_returned THEN id END AS invoice_id,
    CASE WHEN some_returned THEN time_zone END AS time_zone,
    MIN(due_date) FILTER (WHERE due_date < %(day)s) AS oldest,
    {{ sums }}
FROM open_invoice
GROUP BY 1, 2, 3, 4
