-- How many different values each meter of a `unique` metric saw for the first time, by local day: each value counts
-- once in the month it was used in. Parameters: those of days.sql.
WITH hours AS (
    SELECT asked.number, asked.zone, d.project_id, d.metric_id, d.dimensions, d.value, d.hour,
        date_trunc('month', d.hour AT TIME ZONE asked.zone) AS own_month
    FROM {{ events/usage/sql/asked.sql }}
    JOIN events_usagedistinct d ON d.organisation_id = asked.organisation_id AND d.counted_in = asked.counted_in
        AND d.hour >= asked.first AND d.hour < asked.after
    WHERE d.organisation_id = ANY (%(organisations)s::uuid[]) AND d.counted_in = ANY (%(months)s::date[])
        AND (%(project)s::uuid IS NULL OR d.project_id = %(project)s)
    GROUP BY asked.number, asked.zone, d.project_id, d.metric_id, d.dimensions, d.value, d.hour
    HAVING sum(d.event_count) > 0
),
firsts AS (
    SELECT number, zone, project_id, metric_id, dimensions, value, min(hour) AS hour
    FROM hours
    GROUP BY number, zone, project_id, metric_id, dimensions, value, own_month
)
SELECT number, project_id, metric_id, dimensions::text, (hour AT TIME ZONE zone)::date AS day, count(*)
FROM firsts
GROUP BY number, project_id, metric_id, dimensions, day
