-- A counter belongs to a GSTIN now: they are made anew from every number that was ever given under it.
ALTER TABLE invoicing_numbersequence DISABLE TRIGGER USER;
DELETE FROM invoicing_numbersequence;
INSERT INTO invoicing_numbersequence
    (id, created_at, updated_at, registration, billing_entity_id, series, financial_year, next_number)
SELECT gen_random_uuid(), now(), now(), coalesce(nullif(seller ->> 'gstin', ''), billing_entity_id::text),
       (array_agg(billing_entity_id ORDER BY sequence_number))[1], series, financial_year, max(sequence_number) + 1
FROM invoicing_invoice
WHERE sequence_number IS NOT NULL
GROUP BY coalesce(nullif(seller ->> 'gstin', ''), billing_entity_id::text), series, financial_year;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE invoicing_numbersequence ENABLE TRIGGER USER;
