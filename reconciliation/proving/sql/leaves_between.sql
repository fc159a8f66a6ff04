-- The leaves of one customer and day between two keys, in order: (key, label, leaf, hash).
--
-- {{ leaves }} is the statement that finds the leaves, {{ type }} the type of its keys.
-- %(first)s, %(after)s  the first key, and the first one that is too large; NULL: no bound
SELECT key::text, label, leaf, sha256('\x00'::bytea || convert_to(leaf, 'UTF8'))
FROM ({{ leaves }}) leaves
WHERE (%(first)s::{{ type }} IS NULL OR key >= %(first)s::{{ type }})
    AND (%(after)s::{{ type }} IS NULL OR key < %(after)s::{{ type }})
ORDER BY leaves.key
