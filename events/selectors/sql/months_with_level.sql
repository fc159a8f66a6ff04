-- Months into which some live project carries a level that is not 0: (organisation_id, month), oldest first.
--
-- %(month)s   this month, closed or not; NULL: all that are not closed
-- %(before)s  only months that begin before this day
WITH changed AS (
    SELECT organisation_id, min(used_in) AS first FROM events_usagelevel GROUP BY organisation_id
),
months AS (
    SELECT organisation_id, month::date AS month
    FROM changed, generate_series(changed.first + interval '1 month', %(before)s::date - interval '1 day',
        interval '1 month') AS month
    WHERE CASE WHEN %(month)s::date IS NOT NULL THEN month = %(month)s
        ELSE (organisation_id, month::date) NOT IN (
            SELECT organisation_id, month FROM events_usageperiod WHERE closed_at IS NOT NULL
        ) END
)
SELECT DISTINCT organisation_id, month
FROM (
    SELECT m.organisation_id, m.month
    FROM months m
    JOIN events_usagelevel v ON v.organisation_id = m.organisation_id
        AND v.used_in < m.month AND v.counted_in <= m.month
    JOIN organisations_project p ON p.id = v.project_id AND p.mode = 'live'
    GROUP BY m.organisation_id, m.month, v.project_id, v.metric_id, v.dimensions
    HAVING sum(v.change) <> 0
) carried
ORDER BY month, organisation_id
