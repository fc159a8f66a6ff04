-- The money of a month by customer and currency: the invoices of the month's usage and the one-offs issued in it, what
-- stands on them as a sum, and beside it the rows that each sum is made of.
--
-- %(month)s, %(after)s   the month, half-open
-- %(organisations)s      whose; NULL: everybody's
WITH invoice AS MATERIALIZED (
    SELECT id, organisation_id, currency, subtotal, discount_total, tax_total, round_off, total, amount_credited,
        amount_paid, amount_returned
    FROM invoicing_invoice
    WHERE number <> '' AND status <> 'void'
        AND (period_start = %(month)s
            OR (period_start IS NULL AND issue_date >= %(month)s AND issue_date < %(after)s))
        AND (%(organisations)s::uuid[] IS NULL OR organisation_id = ANY (%(organisations)s::uuid[]))
),
line AS (
    SELECT line.invoice_id,
        SUM(line.amount) FILTER (WHERE line.kind = 'usage') AS usage,
        SUM(line.amount) FILTER (WHERE line.kind = 'late_usage') AS late_usage,
        SUM(line.amount) FILTER (WHERE line.kind NOT IN ('usage', 'late_usage')) AS other,
        SUM(line.discount) AS discount
    FROM invoicing_invoiceline line JOIN invoice ON invoice.id = line.invoice_id
    GROUP BY line.invoice_id
),
tax AS (
    SELECT tax.invoice_id, SUM(tax.amount) AS amount
    FROM invoicing_invoicetax tax JOIN invoice ON invoice.id = tax.invoice_id
    GROUP BY tax.invoice_id
),
note AS (
    SELECT note.invoice_id, SUM(note.total) AS total
    FROM invoicing_creditnote note JOIN invoice ON invoice.id = note.invoice_id
    GROUP BY note.invoice_id
),
payout AS MATERIALIZED (
    SELECT DISTINCT line.payment_id
    FROM payments_payoutline line
    JOIN payments_payout payout ON payout.id = line.payout_id AND payout.status <> 'failed'
    WHERE line.kind = 'payment' AND line.payment_id IN (
        SELECT payment_id FROM payments_paymentallocation WHERE invoice_id IN (SELECT id FROM invoice))
),
credited AS (
    SELECT allocation.invoice_id,
        SUM(allocation.amount) FILTER (WHERE payment.kind = 'gateway' AND payout.payment_id IS NOT NULL) AS paid_out,
        SUM(allocation.amount) FILTER (WHERE payment.kind = 'gateway' AND payout.payment_id IS NULL) AS at_razorpay,
        SUM(allocation.amount) FILTER (WHERE payment.kind = 'offline') AS offline,
        SUM(allocation.amount) FILTER (WHERE payment.kind = 'tds') AS withheld
    FROM payments_paymentallocation allocation
    JOIN invoice ON invoice.id = allocation.invoice_id
    JOIN payments_payment payment ON payment.id = allocation.payment_id
    LEFT JOIN payout ON payout.payment_id = payment.id
    GROUP BY allocation.invoice_id
)
SELECT invoice.organisation_id, invoice.currency, SUM(invoice.subtotal), SUM(invoice.total), SUM(invoice.round_off),
    SUM(invoice.amount_paid), SUM(invoice.amount_returned),
    SUM(invoice.total - invoice.amount_credited - invoice.amount_paid - invoice.amount_returned),
    COALESCE(SUM(line.usage), 0), COALESCE(SUM(line.late_usage), 0), COALESCE(SUM(line.other), 0),
    COALESCE(SUM(line.discount), 0), COALESCE(SUM(tax.amount), 0), COALESCE(SUM(note.total), 0),
    COALESCE(SUM(credited.paid_out), 0), COALESCE(SUM(credited.at_razorpay), 0), COALESCE(SUM(credited.offline), 0),
    COALESCE(SUM(credited.withheld), 0)
FROM invoice
LEFT JOIN line ON line.invoice_id = invoice.id
LEFT JOIN tax ON tax.invoice_id = invoice.id
LEFT JOIN note ON note.invoice_id = invoice.id
LEFT JOIN credited ON credited.invoice_id = invoice.id
GROUP BY invoice.organisation_id, invoice.currency
ORDER BY invoice.organisation_id, invoice.currency
