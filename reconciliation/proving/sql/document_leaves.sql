-- The leaves of the documents issued on a day: each invoice and credit note, what it prints, its lines and its taxes.
-- (organisation_id, key, label, leaf); docs/proof.md has the forms of the leaves, which never change: a change would be a
-- new form, of later statements.
--
-- Keys are in the order of their bytes, whatever the collation of the database: a copy of it has the same trees.
--
-- %(start)s, %(end)s  the UTC day on which they were issued, half-open
-- %(organisation)s    of one customer; NULL: of all
WITH test_customer AS MATERIALIZED (  -- their clocks issue documents on days that are stated already
    SELECT id FROM organisations_organisation WHERE is_test
),
invoice AS MATERIALIZED (
    SELECT * FROM invoicing_invoice
    WHERE number <> '' AND finalized_at >= %(start)s AND finalized_at < %(end)s
        AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s)
        AND organisation_id NOT IN (SELECT id FROM test_customer)
),
note AS MATERIALIZED (
    SELECT * FROM invoicing_creditnote
    WHERE created_at >= %(start)s AND created_at < %(end)s
        AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s)
        AND organisation_id NOT IN (SELECT id FROM test_customer)
)
SELECT organisation_id, (id || ' 1') COLLATE "C" AS key, 'invoice ' || number AS label,
    json_build_array('invoice', id, organisation_id, billing_entity_id, number, issue_date, due_date, period_start,
        period_end, currency, subtotal::text, discount_total::text, tax_total::text, round_off::text, total::text,
        seller_gstin, supply_kind, place_of_supply, taxable_in_rupees::text, igst_in_rupees::text, cgst_in_rupees::text,
        sgst_in_rupees::text, purchase_order, notes, finalized_at AT TIME ZONE 'UTC')::text AS leaf
FROM invoice
UNION ALL
SELECT organisation_id, invoice.id || ' 2', 'the document of invoice ' || number,
    json_build_array('invoice document', invoice.id, document.content)::text
FROM invoice JOIN invoicing_documentsnapshot document ON document.invoice_id = invoice.id
UNION ALL
SELECT organisation_id, invoice.id || ' line ' || lpad(line.position::text, 6, '0') || ' ' || line.id,
    'line ' || line.position || ' of invoice ' || number,
    json_build_array('invoice line', line.id, line.invoice_id, line.position::text, line.kind, line.description,
        line.project_id, line.metric_name, line.unit, line.unit_label, line.dimensions, line.quantity::text,
        line.unit_price::text, line.amount::text, line.discount::text, line.sac, line.service_start, line.service_end,
        line.used_in, line.price, line.explanation, line.discounts)::text
FROM invoice JOIN invoicing_invoiceline line ON line.invoice_id = invoice.id
UNION ALL
SELECT organisation_id, invoice.id || ' tax ' || lpad(line.position::text, 6, '0') || ' ' || tax.id,
    tax.name || ' on line ' || line.position || ' of invoice ' || number,
    json_build_array('invoice tax', tax.id, tax.invoice_id, tax.line_id, tax.name, tax.rate::text,
        tax.taxable_amount::text, tax.amount::text)::text
FROM invoice JOIN invoicing_invoicetax tax ON tax.invoice_id = invoice.id
    JOIN invoicing_invoiceline line ON line.id = tax.line_id
UNION ALL
SELECT organisation_id, id || ' 1', 'credit note ' || number,
    json_build_array('credit note', id, organisation_id, billing_entity_id, invoice_id, kind, reason, reason_text,
        number, issue_date, currency, subtotal::text, tax_total::text, round_off::text, total::text, seller_gstin,
        supply_kind, place_of_supply, taxable_in_rupees::text, igst_in_rupees::text, cgst_in_rupees::text,
        sgst_in_rupees::text, bill_again, usage_counted_in, created_at AT TIME ZONE 'UTC')::text
FROM note
UNION ALL
SELECT organisation_id, id || ' 2', 'the document of credit note ' || number,
    json_build_array('credit note document', id, document)::text
FROM note
UNION ALL
SELECT note.organisation_id, note.id || ' line ' || lpad(invoiced.position::text, 6, '0') || ' ' || line.id,
    'line ' || invoiced.position || ' of credit note ' || note.number,
    json_build_array('credit note line', line.id, line.credit_note_id, line.invoice_line_id, line.quantity::text,
        line.amount::text, line.usage_amount::text)::text
FROM note JOIN invoicing_creditnoteline line ON line.credit_note_id = note.id
    JOIN invoicing_invoiceline invoiced ON invoiced.id = line.invoice_line_id
UNION ALL
SELECT note.organisation_id, note.id || ' tax ' || lpad(invoiced.position::text, 6, '0') || ' ' || tax.id,
    tax.name || ' on line ' || invoiced.position || ' of credit note ' || note.number,
    json_build_array('credit note tax', tax.id, tax.credit_note_id, tax.line_id, tax.name, tax.rate::text,
        tax.taxable_amount::text, tax.amount::text)::text
FROM note JOIN invoicing_creditnotetax tax ON tax.credit_note_id = note.id
    JOIN invoicing_creditnoteline line ON line.id = tax.line_id
    JOIN invoicing_invoiceline invoiced ON invoiced.id = line.invoice_line_id
