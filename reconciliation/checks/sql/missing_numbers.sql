-- The numbers of one series that no document has, as ranges: (first, last).
--
-- %(registration)s, %(series)s  the series
-- %(last)s                      the last number that its counter gave out
SELECT given + 1, following - 1
FROM (
    SELECT number AS given, LEAD(number) OVER (ORDER BY number) AS following
    FROM (
        SELECT 0 AS number
        UNION
        SELECT sequence_number FROM invoicing_invoice
        WHERE COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text) = %(registration)s AND series = %(series)s
            AND sequence_number IS NOT NULL
        UNION
        SELECT sequence_number FROM invoicing_creditnote
        WHERE COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text) = %(registration)s AND series = %(series)s
        UNION
        SELECT %(last)s + 1
    ) numbers
) neighbours
WHERE following > given + 1 AND following <= %(last)s + 1
ORDER BY given
