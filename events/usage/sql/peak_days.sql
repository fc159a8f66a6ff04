-- For each metric and month the day with the most events of live projects, the earliest of equal ones, in the
-- customer's zone.
--
-- %(organisation)s, %(zone)s
-- %(since)s, %(month)s   the first day, and a billing month before it that lets PostgreSQL use the index
SELECT DISTINCT ON (metric_id, date_trunc('month', day)) metric_id, day, events
FROM (
    SELECT metric_id, (hour AT TIME ZONE %(zone)s)::date AS day, sum(event_count)::bigint AS events
    FROM events_usageaggregate
    WHERE organisation_id = %(organisation)s AND hour >= %(since)s AND counted_in >= %(month)s
      AND project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
    GROUP BY 1, 2
) AS counted
WHERE events > 0
ORDER BY metric_id, date_trunc('month', day), events DESC, day
