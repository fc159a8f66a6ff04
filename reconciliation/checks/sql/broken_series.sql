-- Series that do not agree with their documents: (registration, series, kind, last number counted, documents).
--
-- One registration and series numbers one kind of document in one financial year. %(organisation)s is not asked for: a
-- series is everybody's.
WITH document AS (
    SELECT COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text) AS registration, series, sequence_number
    FROM invoicing_invoice
    WHERE sequence_number IS NOT NULL
    UNION ALL
    SELECT COALESCE(NULLIF(seller_gstin, ''), billing_entity_id::text), series, sequence_number
    FROM invoicing_creditnote
),
counted AS (
    SELECT registration, series, COUNT(*) AS documents, COUNT(DISTINCT sequence_number) AS numbers,
        MAX(sequence_number) AS greatest
    FROM document
    GROUP BY registration, series
)
SELECT registration, series, COALESCE(next_number - 1, 0), COALESCE(documents, 0)
FROM invoicing_numbersequence
FULL JOIN counted USING (registration, series)
WHERE (next_number - 1, next_number - 1, next_number - 1) IS DISTINCT FROM (documents, numbers, greatest::bigint)
    AND NOT (next_number = 1 AND documents IS NULL)
ORDER BY registration, series
