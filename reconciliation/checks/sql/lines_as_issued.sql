-- Lines of issued invoices that are not those of the document as it was issued:
-- (invoice, number, organisation, issue date, position, the line as it is stored, the line as it was issued).
-- The last two are texts; NULL where one side has no such line.
--
-- Parameters: those of invoice_sums.sql
WITH issued AS (
    SELECT invoice.id, invoice.number, invoice.organisation_id, invoice.issue_date, document.content
    FROM invoicing_invoice invoice
    JOIN invoicing_documentsnapshot document ON document.invoice_id = invoice.id
    WHERE invoice.number <> ''
        AND invoice.issue_date BETWEEN %(first)s::date - 1 AND %(last)s
        AND (invoice.issue_date >= %(first)s OR invoice.finalized_at >= %(start)s)
        AND (%(organisation)s::uuid IS NULL OR invoice.organisation_id = %(organisation)s)
),
stored AS (
    SELECT line.invoice_id, line.position::text,
        concat_ws(', ', line.description, 'quantity ' || trim_scale(line.quantity), 'SAC ' || line.sac,
            'amount ' || trim_scale(line.amount)) AS words
    FROM invoicing_invoiceline line JOIN issued ON issued.id = line.invoice_id
),
printed AS (
    SELECT issued.id AS invoice_id, line ->> 'position' AS position,
        concat_ws(', ', line ->> 'description', 'quantity ' || COALESCE(
                trim_scale(substring(line ->> 'quantity' FROM '^-?\d+(?:\.\d+)?$')::numeric)::text, line ->> 'quantity'),
            'SAC ' || (line ->> 'sac'), 'amount ' || COALESCE(
                trim_scale(substring(line ->> 'amount' FROM '^-?\d+(?:\.\d+)?$')::numeric)::text, line ->> 'amount')) AS words
    FROM issued
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(issued.content -> 'lines') WHEN 'array' THEN issued.content -> 'lines' ELSE '[]' END) AS line
)
SELECT issued.id, issued.number, issued.organisation_id, issued.issue_date, position, stored.words, printed.words
FROM stored
FULL JOIN printed USING (invoice_id, position)
JOIN issued ON issued.id = invoice_id
WHERE stored.words IS DISTINCT FROM printed.words
ORDER BY issued.issue_date, issued.number, position
