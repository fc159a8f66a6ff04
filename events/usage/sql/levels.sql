-- The levels that meters of `weighted_sum` metrics carry into the months that are asked about, for many questions at once:
-- (number, zone, project_id, project_name, metric_id, metric_name, unit, dimensions, month, carried, is_changed). What is
-- carried is in units of the last stored decimal; is_changed: events of the month itself change it.
--
-- A change is usage of its own month and of every later one. What it adds to a later month is counted with that month, or
-- with the change itself if that was counted later still.
--
-- {{ events/usage/sql/asked.sql }} says what is asked; the other parameters are
-- %(project)s         one project, test or live; NULL: all live ones
-- %(name)s, %(unit)s  one metric; NULL: all
WITH asked AS MATERIALIZED (SELECT * FROM {{ events/usage/sql/asked.sql }}),
parts AS (
    SELECT asked.*, v.project_id, v.metric_id, v.dimensions, v.used_in AS month, 0::numeric AS carried, true AS is_changed
    FROM asked JOIN events_usagelevel v USING (organisation_id, counted_in)
    WHERE v.organisation_id = ANY (%(organisations)s::uuid[])
    UNION ALL
    SELECT asked.*, v.project_id, v.metric_id, v.dimensions, asked.counted_in, v.change, false
    FROM asked JOIN events_usagelevel v USING (organisation_id)
    WHERE v.organisation_id = ANY (%(organisations)s::uuid[])
        AND v.used_in < asked.counted_in AND v.counted_in <= asked.counted_in
    UNION ALL
    SELECT asked.*, v.project_id, v.metric_id, v.dimensions, month::date, v.change, false
    FROM asked JOIN events_usagelevel v USING (organisation_id, counted_in),
    generate_series(v.used_in + interval '1 month', v.counted_in - interval '1 month', interval '1 month') AS month
    WHERE v.organisation_id = ANY (%(organisations)s::uuid[])
)
SELECT number, zone, p.id, p.name, m.id, m.name, m.unit, parts.dimensions::text, month,
    (sum(carried) * 100000000)::numeric(46, 0), bool_or(is_changed)
FROM (SELECT *, (month + interval '14 days') AT TIME ZONE zone AS mid_month FROM parts) parts
JOIN organisations_project p ON p.id = project_id
JOIN events_metric m ON m.id = metric_id
WHERE mid_month >= first AND mid_month < after
    AND CASE WHEN %(project)s::uuid IS NULL THEN p.mode = 'live' ELSE p.id = %(project)s END
    AND (%(name)s::text IS NULL OR (m.name, m.unit) = (%(name)s, %(unit)s))
GROUP BY number, zone, p.id, p.name, m.id, m.name, m.unit, parts.dimensions, month
HAVING sum(carried) <> 0 OR bool_or(is_changed)
