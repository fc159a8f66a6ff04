-- How each local day changed the levels: (number, project_id, metric_id, dimensions, day, change, moment, event_count).
-- Change and moment are in units of the last stored decimal, the moment times microseconds since 1970; both leave out
-- hours that are not over yet.
--
-- {{ events/usage/sql/asked.sql }} says what is asked; the other parameters are
-- %(metrics)s  metrics that are changed in a month that is asked about
-- %(now)s      an hour that ends later is not over
SELECT number, a.project_id, a.metric_id, a.dimensions::text, (a.hour AT TIME ZONE zone)::date AS day,
    (coalesce(sum(total) FILTER (WHERE is_over), 0) * 100000000)::numeric(46, 0),
    (coalesce(sum(total * extract(epoch FROM hour + interval '1 hour') * 1000000 - weighted) FILTER (WHERE is_over), 0)
        * 100000000)::numeric(66, 0),
    sum(event_count)::bigint
FROM (
    SELECT asked.number, asked.zone, a.*, a.hour <= %(now)s - interval '1 hour' AS is_over
    FROM {{ events/usage/sql/asked.sql }}
    JOIN events_usageaggregate a ON a.organisation_id = asked.organisation_id AND a.counted_in = asked.counted_in
        AND a.hour >= asked.first AND a.hour < asked.after
    WHERE a.organisation_id = ANY (%(organisations)s::uuid[]) AND a.counted_in = ANY (%(months)s::date[])
        AND a.metric_id = ANY (%(metrics)s)
) a
GROUP BY number, a.project_id, a.metric_id, a.dimensions, day
