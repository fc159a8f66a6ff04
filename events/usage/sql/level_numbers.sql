-- The numbers of a report of a `weighted_sum` metric, in unit-hours, in the columns of numbers.sql. Levels of several
-- meters add up, so they are added first and integrated then.
--
-- %(starts)s, %(ends)s  the buckets, in order
-- the others            those of opening_levels.sql and series.sql
WITH buckets AS (
    SELECT number::int, start AS bucket, least(start, %(until)s) AS start, least("end", %(until)s) AS "end"
    FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS bucket (start, "end", number)
),
changes AS (
    SELECT {{ events/usage/sql/series.sql }} AS series, 0 AS number, change, 0::numeric AS moment, 0 AS event_count
    FROM ({{ events/usage/sql/opening_levels.sql }}) opening
    UNION ALL
    SELECT {{ events/usage/sql/series.sql }}, width_bucket(hour, %(starts)s::timestamptz[]), total,
        total * extract(epoch FROM hour + interval '1 hour') - weighted / 1000000, 0
    FROM events_usageaggregate WHERE {{ events/usage/sql/chosen.sql }} AND hour < %(until)s
    UNION ALL
    SELECT {{ events/usage/sql/series.sql }}, width_bucket(hour, %(starts)s::timestamptz[]), 0, 0, event_count
    FROM events_usageaggregate WHERE {{ events/usage/sql/chosen.sql }}
),
summed AS (
    SELECT series, number, sum(change) AS change, sum(moment) AS moment, sum(event_count) AS event_count
    FROM changes GROUP BY series, number
),
running AS (
    SELECT series, number, coalesce(change, 0) AS change, coalesce(moment, 0) AS moment, coalesce(event_count, 0) AS event_count,
        coalesce(sum(change) OVER (
            PARTITION BY series ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS level
    FROM (SELECT DISTINCT series FROM summed) all_series
    CROSS JOIN (SELECT 0 AS number UNION ALL SELECT number FROM buckets) numbers
    LEFT JOIN summed USING (series, number)
),
numbers AS (
    SELECT bucket, series, {{ events/usage/sql/unit_hours.sql }} AS quantity, event_count
    FROM (
        SELECT bucket, series, sum(event_count)::bigint AS event_count,
            sum(level * extract(epoch FROM "end" - start) + change * extract(epoch FROM "end") - moment) AS area
        FROM running JOIN buckets USING (number)
        GROUP BY GROUPING SETS ((bucket, series), (series))
    ) areas
    WHERE area <> 0 OR event_count <> 0
),
places AS (
    SELECT series, least(row_number() OVER (ORDER BY quantity DESC, event_count DESC, series),
        %(most)s::int + 1) AS place
    FROM numbers WHERE bucket IS NULL
)
SELECT bucket, place, min(series::text), sum(quantity)::numeric, sum(event_count)::bigint
FROM numbers JOIN places USING (series) GROUP BY bucket, place ORDER BY place
