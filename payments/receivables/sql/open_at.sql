-- Invoices of which something was due at the end of a day, or would be but for money that was given back: total less
-- credit notes and payments of the days up to it. Days are the seller's. Without a seller, those of test customers are
-- left out.
-- The first credit of a payment is of the day on which the money came, however late it was recorded; of money on account
-- only if it was credited on the day on which it was recorded. What else is done with a payment is of the day on which
-- it was done.
-- Parameters: day; organisations and seller, each NULL for all. The text `which` selects the invoices to look at.
WITH issued AS (
    SELECT
        invoice.id, invoice.organisation_id, invoice.currency, invoice.number, invoice.issue_date, invoice.due_date,
        invoice.total, seller.time_zone
    FROM ({{ which }}) invoice
    JOIN organisations_billingentity seller ON seller.id = invoice.billing_entity_id
    JOIN organisations_organisation customer ON customer.id = invoice.organisation_id
    WHERE invoice.number <> '' AND invoice.issue_date <= %(day)s
        AND (invoice.status <> 'void' OR (invoice.voided_at AT TIME ZONE seller.time_zone)::date > %(day)s)
        AND (%(seller)s::uuid IS NULL AND NOT customer.is_test OR invoice.billing_entity_id = %(seller)s::uuid)
),
credited AS (
    SELECT note.invoice_id, SUM(note.total) AS amount
    FROM invoicing_creditnote note
    JOIN issued ON issued.id = note.invoice_id
    WHERE note.issue_date <= %(day)s
    GROUP BY note.invoice_id
),
placed AS (
    SELECT
        allocation.invoice_id, allocation.amount, allocation.kind,
        CASE
            WHEN allocation.kind = 'credit'
                AND (
                    payment.invoice_id IS NOT NULL
                    OR (allocation.created_at AT TIME ZONE issued.time_zone)::date
                        = (payment.created_at AT TIME ZONE issued.time_zone)::date
                )
                AND NOT EXISTS (
                    SELECT FROM payments_paymentallocation earlier
                    WHERE earlier.payment_id = allocation.payment_id AND earlier.created_at < allocation.created_at
                )
            THEN COALESCE(payment.received_on, (payment.paid_at AT TIME ZONE issued.time_zone)::date)
            ELSE (allocation.created_at AT TIME ZONE issued.time_zone)::date
        END AS day
    FROM issued
    JOIN payments_paymentallocation allocation ON allocation.invoice_id = issued.id
    JOIN payments_payment payment ON payment.id = allocation.payment_id
),
paid AS (
    SELECT invoice_id, SUM(amount) AS amount, BOOL_OR(kind = 'refund') AS some_returned
    FROM placed
    WHERE day <= %(day)s
    GROUP BY invoice_id
),
open_invoice AS (
    SELECT
        issued.id, issued.organisation_id, issued.currency, issued.number, issued.issue_date, issued.due_date,
        issued.time_zone, issued.total - COALESCE(credited.amount, 0) - COALESCE(paid.amount, 0) AS not_settled,
        COALESCE(paid.some_returned, FALSE) AS some_returned
    FROM issued
    LEFT JOIN credited ON credited.invoice_id = issued.id
    LEFT JOIN paid ON paid.invoice_id = issued.id
    WHERE issued.total - COALESCE(credited.amount, 0) - COALESCE(paid.amount, 0) > 0
)
