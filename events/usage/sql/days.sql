-- What each meter used on each local day, as the aggregates have it, for many questions at once; in order of question,
-- meter and day. Levels are answered by levels.sql.
--
-- {{ events/usage/sql/asked.sql }} says what is asked; the other parameter is
-- %(project)s  one project, test or live; NULL: all live ones
SELECT number, project_id, project_name, metric_id, metric_name, unit, aggregation, days.dimensions::text, day, total, event_count, maximum,
    (latest).occurred_at, (latest).received_at, (latest)."position", (latest).value
FROM (
    SELECT asked.number, a.project_id, p.name AS project_name, a.metric_id, m.name AS metric_name, m.unit, m.aggregation,
        a.dimensions, (a.hour AT TIME ZONE asked.zone)::date AS day, sum(a.total) AS total,
        sum(a.event_count)::bigint AS event_count, max(a.maximum) AS maximum, events_newest(a.latest) AS latest
    FROM {{ events/usage/sql/asked.sql }}
    JOIN events_usageaggregate a ON a.organisation_id = asked.organisation_id AND a.counted_in = asked.counted_in
        AND a.hour >= asked.first AND a.hour < asked.after
    JOIN organisations_project p ON p.id = a.project_id
    JOIN events_metric m ON m.id = a.metric_id
    WHERE a.organisation_id = ANY (%(organisations)s::uuid[]) AND a.counted_in = ANY (%(months)s::date[])
        AND m.aggregation <> 'weighted_sum'
        AND CASE WHEN %(project)s::uuid IS NULL THEN p.mode = 'live' ELSE a.project_id = %(project)s END
    GROUP BY asked.number, a.project_id, p.name, a.metric_id, m.name, m.unit, m.aggregation, a.dimensions, day
) days
ORDER BY number, project_name, project_id, metric_name, unit, days.dimensions, day
