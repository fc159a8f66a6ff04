-- What each project used of each metric in a span, all dimensions together:
-- (project_id, metric_id, name, unit, aggregation, quantity, event_count).
--
-- Within a meter the aggregation decides; the meters of one metric are added up. Levels are answered by
-- levels_of_span.sql. Parameters: those of hours.sql.
WITH hours AS ({{ events/usage/sql/hours.sql }}),
meters AS (
    SELECT project_id, metric_id, sum(total) AS total, sum(event_count) AS event_count,
        max(maximum) AS maximum, (events_newest(latest)).value AS latest, 0 AS different
    FROM hours GROUP BY project_id, metric_id, dimensions
    UNION ALL
    SELECT project_id, metric_id, 0, 0, NULL, NULL, count(*) FROM (
        SELECT project_id, metric_id FROM events_usagedistinct WHERE {{ events/usage/sql/chosen.sql }}
        GROUP BY project_id, metric_id, dimensions, value HAVING sum(event_count) > 0
    ) AS seen GROUP BY project_id, metric_id
)
SELECT project_id, metric_id, name, unit, aggregation, coalesce(sum(CASE aggregation
        WHEN 'sum' THEN total WHEN 'count' THEN meters.event_count WHEN 'max' THEN maximum
        WHEN 'latest' THEN latest ELSE different END), 0)::numeric, sum(meters.event_count)::bigint
FROM meters JOIN events_metric ON events_metric.id = metric_id AND aggregation <> 'weighted_sum'
GROUP BY project_id, metric_id, name, unit, aggregation
