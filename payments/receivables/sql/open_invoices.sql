-- The invoices that were open at the end of a day, one by one.
{{ payments/receivables/sql/open_at.sql }}
SELECT
    id, organisation_id, currency, number, issue_date, due_date, time_zone, not_settled, some_returned
FROM open_invoice
