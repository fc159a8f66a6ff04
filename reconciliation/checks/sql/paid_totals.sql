-- Issued invoices that say another sum than what is credited to them:
-- (id, number, organisation, currency, what is written, what it ought to be).
--
-- %(organisation)s  one customer, or NULL for all
SELECT invoice.id, invoice.number, invoice.organisation_id, invoice.currency, invoice.amount_paid,
    COALESCE(credited.amount, 0)
FROM invoicing_invoice invoice
LEFT JOIN (
    SELECT invoice_id, SUM(amount) AS amount FROM payments_paymentallocation GROUP BY invoice_id
) credited ON credited.invoice_id = invoice.id
WHERE invoice.number <> '' AND invoice.amount_paid <> COALESCE(credited.amount, 0)
    AND (%(organisation)s::uuid IS NULL OR invoice.organisation_id = %(organisation)s)
ORDER BY invoice.number
