-- The values that occur of each dimension: (key, values).
--
-- %(keys)s  the dimensions; the others as in chosen.sql
SELECT key, array_agg(DISTINCT value) FROM (
    SELECT DISTINCT dimensions FROM events_usageaggregate WHERE {{ events/usage/sql/chosen.sql }}
) AS meters, jsonb_each_text(dimensions)
WHERE key = ANY (%(keys)s) GROUP BY key
