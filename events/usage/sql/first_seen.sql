-- How many different values each meter of a `unique` metric saw for the first time, by local day: each value counts
-- once in the month it was used in. Parameters: those of days.sql.
WITH hours AS (
    SELECT project_id, metric_id, dimensions, value, hour,
        date_trunc('month', hour AT TIME ZONE %(zone)s) AS own_month
    FROM events_usagedistinct
    WHERE organisation_id = %(organisation)s AND counted_in = ANY (%(months)s)
        AND hour >= %(first)s AND hour < %(after)s
        AND (%(project)s::uuid IS NULL OR project_id = %(project)s)
    GROUP BY project_id, metric_id, dimensions, value, hour
    HAVING sum(event_count) > 0
),
firsts AS (
    SELECT project_id, metric_id, dimensions, value, min(hour) AS hour
    FROM hours
    GROUP BY project_id, metric_id, dimensions, value, own_month
)
SELECT project_id, metric_id, dimensions::text, (hour AT TIME ZONE %(zone)s)::date AS day, count(*)
FROM firsts
GROUP BY project_id, metric_id, dimensions, day
