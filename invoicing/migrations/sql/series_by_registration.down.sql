ALTER TABLE invoicing_numbersequence DISABLE TRIGGER USER;
DELETE FROM invoicing_numbersequence;
INSERT INTO invoicing_numbersequence
    (id, created_at, updated_at, registration, billing_entity_id, series, financial_year, next_number)
SELECT gen_random_uuid(), now(), now(), '', billing_entity_id, series, financial_year, max(sequence_number) + 1
FROM invoicing_invoice
WHERE sequence_number IS NOT NULL
GROUP BY billing_entity_id, series, financial_year;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE invoicing_numbersequence ENABLE TRIGGER USER;
