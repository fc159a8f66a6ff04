-- What was used of each metric in each day, week or month of a span, projects and dimensions together:
-- (bucket, metric_id, quantity, event_count).
--
-- Within a meter and a bucket the aggregation decides; meters are added up. Levels are answered by level_numbers.sql.
--
-- {{ bucket }}      the expression of the day, week or month that a row of `hour` belongs to
-- %(with_unique)s   whether the different values of `unique` metrics are read
-- the others        those of hours.sql
WITH hours AS (SELECT {{ bucket }} AS bucket, chosen.* FROM ({{ events/usage/sql/hours.sql }}) AS chosen),
meters AS (
    SELECT bucket, metric_id, sum(total) AS total, sum(event_count) AS event_count,
        max(maximum) AS maximum, (events_newest(latest)).value AS latest, 0 AS different
    FROM hours GROUP BY bucket, metric_id, project_id, dimensions
    UNION ALL
    SELECT bucket, metric_id, 0, 0, NULL, NULL, count(*) FROM (
        SELECT {{ bucket }} AS bucket, metric_id FROM events_usagedistinct
        WHERE %(with_unique)s AND {{ events/usage/sql/chosen.sql }}
        GROUP BY 1, metric_id, project_id, dimensions, value HAVING sum(event_count) > 0
    ) AS seen GROUP BY bucket, metric_id
)
SELECT bucket, metric_id, coalesce(sum(CASE aggregation
        WHEN 'sum' THEN total WHEN 'count' THEN meters.event_count WHEN 'max' THEN maximum
        WHEN 'latest' THEN latest ELSE different END), 0)::numeric, sum(meters.event_count)::bigint
FROM meters JOIN events_metric ON events_metric.id = metric_id AND aggregation <> 'weighted_sum'
GROUP BY bucket, metric_id
