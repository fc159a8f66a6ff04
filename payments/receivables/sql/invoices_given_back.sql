-- The invoices for which these payments came.
SELECT invoice_id FROM payments_payment WHERE id IN ({{ payments/receivables/sql/given_back.sql }})
