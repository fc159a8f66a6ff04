-- Maximum and latest of each meter's day from the ledger itself, without the entries that corrections cancelled.
--
-- The aggregates of a closed month keep what was true when the month closed; this heeds later corrections too.
--
-- %(organisation)s, %(zone)s  whose usage, and its time zone
-- %(project)s                 one project, test or live; NULL: all
-- %(metrics)s                 the metrics to look at
-- %(months)s                  billing months that the usage was counted in
-- %(corrected_in)s            billing months whose corrections are heeded (is_standing.sql)
-- %(first)s, %(after)s        instants between which it happened, half-open
SELECT project_id, metric_id, dimensions, day, maximum,
    (latest).occurred_at, (latest).received_at, (latest)."position", (latest).value
FROM (
    SELECT l.project_id, l.metric_id, l.dimensions::text, (l.hour AT TIME ZONE %(zone)s)::date AS day,
        max(l.quantity) AS maximum, events_newest({{ events/sql_fragments/reading.sql }}) AS latest
    FROM events_usageevent l
    WHERE l.organisation_id = %(organisation)s AND l.counted_in = ANY (%(months)s)
        AND l.metric_id = ANY (%(metrics)s) AND l.hour >= %(first)s AND l.hour < %(after)s
        AND (%(project)s::uuid IS NULL OR l.project_id = %(project)s)
        AND {{ events/sql_fragments/is_standing.sql }}
    GROUP BY l.project_id, l.metric_id, l.dimensions, day
) days
