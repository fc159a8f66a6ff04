-- The first events of each meter that stand, in the order in which they happened, for many questions at once:
-- (number, project_id, name, unit, dimensions, day, quantity). Only metrics that add up their values are asked about.
--
-- The aggregates say by which hour a meter's first events have happened: no later hour of the ledger is read.
--
-- {{ events/usage/sql/asked.sql }} says what is asked; besides
-- %(wanted)s, %(names)s, %(units)s, %(most)s  arrays of one length: question, metric, how many events of a meter
-- %(since)s, %(until)s                        instants between which all of it happened, half-open
-- %(received_from)s                           no event of it was received before this month
WITH asked AS MATERIALIZED (SELECT * FROM {{ events/usage/sql/asked.sql }}),
wanted AS (
    SELECT wanted.number, wanted.most, m.id AS metric_id, m.name, m.unit
    FROM unnest(%(wanted)s::int[], %(names)s::text[], %(units)s::text[], %(most)s::int[])
        AS wanted (number, name, unit, most)
    JOIN events_metric m ON m.name = wanted.name AND m.unit = wanted.unit AND m.aggregation = 'sum'
),
hours AS (
    SELECT number, most, a.project_id, a.metric_id, wanted.name, wanted.unit, a.dimensions, a.hour,
        sum(a.event_count) AS event_count
    FROM asked
    JOIN wanted USING (number)
    JOIN events_usageaggregate a ON a.organisation_id = asked.organisation_id AND a.counted_in = asked.counted_in
        AND a.metric_id = wanted.metric_id AND a.hour >= asked.first AND a.hour < asked.after
    JOIN organisations_project p ON p.id = a.project_id AND p.mode = 'live'
    WHERE a.organisation_id = ANY (%(organisations)s::uuid[]) AND a.counted_in = ANY (%(months)s::date[])
    GROUP BY number, most, a.project_id, a.metric_id, wanted.name, wanted.unit, a.dimensions, a.hour
),
meters AS (
    SELECT number, most, project_id, metric_id, name, unit, dimensions, max(hour) AS last_hour
    FROM (
        SELECT *, sum(event_count) OVER (
            PARTITION BY number, project_id, metric_id, dimensions ORDER BY hour
        ) - event_count AS events_before
        FROM hours
    ) AS running
    WHERE events_before < most
    GROUP BY number, most, project_id, metric_id, name, unit, dimensions
),
events AS (
    SELECT meters.*, l.id, l.occurred_at, l.received_at, l."position", l.quantity,
        (l.hour AT TIME ZONE asked.zone)::date AS day,
        row_number() OVER (
            PARTITION BY meters.number, l.project_id, l.metric_id, l.dimensions
            ORDER BY l.occurred_at, l.received_at, l."position", l.id
        ) AS place
    FROM meters
    JOIN asked USING (number)
    JOIN events_usageevent l ON l.organisation_id = asked.organisation_id AND l.counted_in = asked.counted_in
        AND l.project_id = meters.project_id AND l.metric_id = meters.metric_id AND l.dimensions = meters.dimensions
        AND l.hour >= asked.first AND l.hour <= meters.last_hour AND l.hour < asked.after
    WHERE l.organisation_id = ANY (%(organisations)s::uuid[]) AND l.counted_in = ANY (%(months)s::date[])
        AND l.hour >= %(since)s AND l.hour < %(until)s AND l.received_month >= %(received_from)s
        AND l.kind <> 'reversal' AND NOT EXISTS (
            SELECT FROM events_usagecorrection c
            JOIN asked heeded ON heeded.counted_in = c.counted_in AND heeded.number = meters.number
            WHERE c.organisation_id = l.organisation_id AND c.project_id = l.project_id
                AND c.cancelled_event_id = l.event_id AND c.cancelled_received_month = l.received_month
        )
)
SELECT number, project_id, name, unit, dimensions::text, day, quantity
FROM events WHERE place <= most
ORDER BY number, occurred_at, received_at, "position", id
