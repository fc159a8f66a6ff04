-- What each project used of some `weighted_sum` metrics in a span, in unit-hours, all dimensions together. Columns: those
-- of used_metrics.sql.
--
-- %(used_until)s  the end of the span, or when the running hour began if that is earlier
-- the others      those of opening_levels.sql
WITH changes AS (
    SELECT project_id, metric_id, change, change * extract(epoch FROM %(start)s::timestamptz) AS moment, 0 AS event_count
    FROM ({{ events/usage/sql/opening_levels.sql }}) opening
    WHERE %(start)s < %(used_until)s
    UNION ALL
    SELECT project_id, metric_id, total, total * extract(epoch FROM hour + interval '1 hour') - weighted / 1000000, 0
    FROM events_usageaggregate WHERE {{ events/usage/sql/chosen.sql }} AND hour < %(until)s
    UNION ALL
    SELECT project_id, metric_id, 0, 0, event_count
    FROM events_usageaggregate WHERE {{ events/usage/sql/chosen.sql }}
),
areas AS (
    SELECT project_id, metric_id, sum(event_count)::bigint AS event_count,
        sum(change) * extract(epoch FROM %(used_until)s::timestamptz) - sum(moment) AS area
    FROM changes GROUP BY project_id, metric_id
)
SELECT project_id, metric_id, name, unit, aggregation, {{ events/usage/sql/unit_hours.sql }} AS quantity, event_count
FROM areas JOIN events_metric ON events_metric.id = metric_id
WHERE area <> 0 OR event_count <> 0
