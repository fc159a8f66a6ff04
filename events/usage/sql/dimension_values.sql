-- The values that occur of each dimension, or that a level was ever changed for: (key, values).
--
-- %(keys)s  the dimensions; the others as in chosen.sql
SELECT key, array_agg(DISTINCT value) FROM (
    SELECT DISTINCT dimensions FROM events_usageaggregate WHERE {{ events/usage/sql/chosen.sql }}
    UNION
    SELECT dimensions FROM events_usagelevel
    WHERE organisation_id = %(organisation)s AND project_id = ANY (%(projects)s) AND metric_id = ANY (%(metrics)s)
) AS meters, jsonb_each_text(dimensions)
WHERE key = ANY (%(keys)s) GROUP BY key
