-- The leaves of a day in blocks of one customer each, in the order of their keys: (organisation_id, number, first key,
-- how many, their hashes one after another, keys and labels as JSON or NULL).
--
-- {{ leaves }} is the statement that finds the leaves; {{ names }} says whether they are named.
WITH leaf AS (
    SELECT organisation_id, key, label, sha256('\x00'::bytea || convert_to(leaf, 'UTF8')) AS hash,
        (row_number() OVER (PARTITION BY organisation_id ORDER BY key) - 1) / %(size)s AS number
    FROM ({{ leaves }}) leaves
)
SELECT organisation_id, number, min(key)::text, count(*), string_agg(hash, ''::bytea ORDER BY key), {{ names }}
FROM leaf
GROUP BY organisation_id, number
ORDER BY organisation_id, number
