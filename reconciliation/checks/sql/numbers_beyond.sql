-- Documents of one series with a number that its counter has not given out by now: (number, organisation).
--
-- The counter is read in the same statement: documents are issued meanwhile.
--
-- Parameters: those of missing_numbers.sql
SELECT number, organisation_id
FROM (
    SELECT number, organisation_id, sequence_number, COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text)
        AS registration, series
    FROM invoicing_invoice
    UNION ALL
    SELECT number, organisation_id, sequence_number, COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text), series
    FROM invoicing_creditnote
) document
WHERE registration = %(registration)s AND series = %(series)s AND sequence_number > COALESCE(
    (SELECT next_number - 1 FROM invoicing_numbersequence WHERE registration = %(registration)s AND series = %(series)s), 0)
ORDER BY number
