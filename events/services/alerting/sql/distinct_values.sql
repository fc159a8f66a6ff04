-- How many different values `unique` metrics saw in spans of time: (number, quantity). The parameters are those of
-- quantities.sql.
WITH counting AS MATERIALIZED (
    SELECT id, mode FROM organisations_project WHERE organisation_id = ANY (%(owners)s::uuid[])
),
seen AS MATERIALIZED (
    SELECT asked.number, asked.wanted, d.project_id
    FROM unnest(%(numbers)s::int[], %(organisations)s::uuid[], %(projects)s::uuid[], %(metrics)s::uuid[],
            %(sorts)s::text[], %(firsts)s::timestamptz[], %(afters)s::timestamptz[])
        AS asked (number, organisation_id, wanted, metric_id, sort, first, after)
    JOIN events_usagedistinct d ON d.organisation_id = asked.organisation_id AND d.metric_id = asked.metric_id
        AND d.hour >= asked.first AND d.hour < asked.after
    WHERE d.organisation_id = ANY (%(owners)s::uuid[]) AND d.counted_in = ANY (%(months)s::date[])
    GROUP BY asked.number, asked.wanted, d.project_id, d.dimensions, d.value
    HAVING sum(d.event_count) > 0
)
SELECT number, count(*)::numeric
FROM seen JOIN counting p ON p.id = project_id
WHERE CASE WHEN wanted IS NULL THEN p.mode = 'live' ELSE p.id = wanted END
GROUP BY number
