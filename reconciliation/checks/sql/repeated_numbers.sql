-- Numbers that more than one document of a registration has: (registration, number, documents).
SELECT registration, number, COUNT(*)
FROM (
    SELECT COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text) AS registration, number
    FROM invoicing_invoice WHERE number <> ''
    UNION ALL
    SELECT COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text), number
    FROM invoicing_creditnote
) document
GROUP BY registration, number
HAVING COUNT(*) > 1
ORDER BY registration, number
