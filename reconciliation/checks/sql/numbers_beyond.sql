-- Documents of one series with a number that its counter has not given out: (number, organisation).
--
-- Parameters: those of missing_numbers.sql
SELECT number, organisation_id FROM invoicing_invoice
WHERE COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text) = %(registration)s AND series = %(series)s
    AND sequence_number > %(last)s
UNION ALL
SELECT number, organisation_id FROM invoicing_creditnote
WHERE COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text) = %(registration)s AND series = %(series)s
    AND sequence_number > %(last)s
ORDER BY 1
