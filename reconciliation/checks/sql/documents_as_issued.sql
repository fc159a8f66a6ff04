-- Issued invoices and credit notes with the document that was stored when they were issued, where the two differ:
-- (noun, id, number, organisation, issue date, currency, what the row says, what the document says). The last two are
-- texts, the document's NULL where there is none. What is no number in a document that was changed stands as it is.
--
-- Parameters: those of invoice_sums.sql
WITH issued AS (
    SELECT 'Invoice' AS noun, invoice.id, invoice.number, invoice.organisation_id, invoice.issue_date, invoice.currency,
        invoice.subtotal, invoice.discount_total, invoice.tax_total, invoice.total, document.content,
        (SELECT COUNT(*) FROM invoicing_invoiceline line WHERE line.invoice_id = invoice.id) AS lines
    FROM invoicing_invoice invoice
    LEFT JOIN invoicing_documentsnapshot document ON document.invoice_id = invoice.id
    WHERE invoice.number <> ''
        AND invoice.issue_date BETWEEN %(first)s::date - 1 AND %(last)s
        AND (invoice.issue_date >= %(first)s OR invoice.finalized_at >= %(start)s)
        AND (%(organisation)s::uuid IS NULL OR invoice.organisation_id = %(organisation)s)
    UNION ALL
    SELECT 'Credit note', note.id, note.number, note.organisation_id, note.issue_date, note.currency,
        note.subtotal, 0, note.tax_total, note.total, note.document,
        (SELECT COUNT(*) FROM invoicing_creditnoteline line WHERE line.credit_note_id = note.id)
    FROM invoicing_creditnote note
    WHERE note.issue_date BETWEEN %(first)s::date - 1 AND %(last)s
        AND (note.issue_date >= %(first)s OR note.created_at >= %(start)s)
        AND (%(organisation)s::uuid IS NULL OR note.organisation_id = %(organisation)s)
),
compared AS (
    SELECT noun, id, number, organisation_id, issue_date, currency, content IS NULL AS is_missing,
        concat_ws(', ', number, issue_date::text, currency, 'subtotal ' || trim_scale(subtotal),
            'discounts ' || trim_scale(discount_total), 'tax ' || trim_scale(tax_total), 'total ' || trim_scale(total),
            lines || ' lines') AS as_stored,
        concat_ws(', ', content ->> 'number', content ->> 'issue_date', content ->> 'currency',
            'subtotal ' || COALESCE(trim_scale(substring(content ->> 'subtotal' FROM '^-?\d+(?:\.\d+)?$')::numeric)::text,
                content ->> 'subtotal'),
            'discounts ' || COALESCE(trim_scale(substring(content ->> 'discount_total' FROM '^-?\d+(?:\.\d+)?$')::numeric)::text,
                content ->> 'discount_total'),
            'tax ' || COALESCE(trim_scale(substring(content ->> 'tax_total' FROM '^-?\d+(?:\.\d+)?$')::numeric)::text,
                content ->> 'tax_total'),
            'total ' || COALESCE(trim_scale(substring(content ->> 'total' FROM '^-?\d+(?:\.\d+)?$')::numeric)::text,
                content ->> 'total'),
            jsonb_array_length(
                CASE jsonb_typeof(content -> 'lines') WHEN 'array' THEN content -> 'lines' ELSE '[]' END)
                || ' lines') AS as_issued
    FROM issued
)
SELECT noun, id, number, organisation_id, issue_date, currency, as_stored,
    CASE WHEN is_missing THEN NULL ELSE as_issued END
FROM compared
WHERE is_missing OR as_stored <> as_issued
ORDER BY issue_date, number
