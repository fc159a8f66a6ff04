-- What each meter used on each local day, as the aggregates have it; in order of meter and day.
--
-- %(organisation)s, %(zone)s  whose usage, and its time zone
-- %(project)s                 one project, test or live; NULL: all live ones
-- %(months)s                  billing months that the usage was counted in
-- %(first)s, %(after)s        instants between which it happened, half-open
SELECT project_id, project_name, metric_id, metric_name, unit, aggregation, days.dimensions::text, day, total, event_count, maximum,
    (latest).occurred_at, (latest).received_at, (latest)."position", (latest).value
FROM (
    SELECT a.project_id, p.name AS project_name, a.metric_id, m.name AS metric_name, m.unit, m.aggregation,
        a.dimensions, (a.hour AT TIME ZONE %(zone)s)::date AS day, sum(a.total) AS total,
        sum(a.event_count)::bigint AS event_count, max(a.maximum) AS maximum, events_newest(a.latest) AS latest
    FROM events_usageaggregate a
    JOIN organisations_project p ON p.id = a.project_id
    JOIN events_metric m ON m.id = a.metric_id
    WHERE a.organisation_id = %(organisation)s AND a.counted_in = ANY (%(months)s)
        AND a.hour >= %(first)s AND a.hour < %(after)s
        AND CASE WHEN %(project)s::uuid IS NULL THEN p.mode = 'live' ELSE a.project_id = %(project)s END
    GROUP BY a.project_id, p.name, a.metric_id, m.name, m.unit, m.aggregation, a.dimensions, day
) days
ORDER BY project_name, project_id, metric_name, unit, days.dimensions, day
