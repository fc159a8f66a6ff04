-- What each meter used on each local day, as the aggregates have it, for many questions at once; in no order: sorting
-- so many names here takes longer than the rest. Levels (`weighted_sum`) are answered by levels.sql.
--
-- {{ events/usage/sql/asked.sql }} says what is asked; the other parameter is
-- %(project)s  one project, test or live; NULL: all live ones
WITH counting AS MATERIALIZED (
    SELECT id, name FROM organisations_project
    WHERE organisation_id = ANY (%(organisations)s::uuid[])
        AND CASE WHEN %(project)s::uuid IS NULL THEN mode = 'live' ELSE id = %(project)s END
),
days AS MATERIALIZED (
    SELECT asked.number, a.project_id, a.metric_id, a.dimensions, (a.hour AT TIME ZONE asked.zone)::date AS day,
        sum(a.total) AS total, sum(a.event_count)::bigint AS event_count, max(a.maximum) AS maximum,
        events_newest(a.latest) AS latest
    FROM {{ events/usage/sql/asked.sql }}
    JOIN events_usageaggregate a ON a.organisation_id = asked.organisation_id AND a.counted_in = asked.counted_in
        AND a.hour >= asked.first AND a.hour < asked.after
    WHERE a.organisation_id = ANY (%(organisations)s::uuid[]) AND a.counted_in = ANY (%(months)s::date[])
    GROUP BY asked.number, a.project_id, a.metric_id, a.dimensions, day
)
SELECT number, project_id, p.name, metric_id, m.name, m.unit, m.aggregation, days.dimensions::text, day, total,
    event_count, maximum, (latest).occurred_at, (latest).received_at, (latest)."position", (latest).value
FROM days
JOIN counting p ON p.id = project_id
JOIN events_metric m ON m.id = metric_id AND m.aggregation <> 'weighted_sum'
