-- The numbers of a report of one metric: (bucket, place, series, quantity, event_count); bucket NULL: the whole span.
--
-- Quantities are worked out meter by meter, then added up by series. A series' place is its rank by quantity; those
-- behind the first %(most)s share the last place.
--
-- {{ bucket }}      the expression of the hour, day or month that a row of `hour` belongs to
-- %(aggregation)s   of the metric. It is a constant to PostgreSQL, which then works out only the sum that is asked for
-- the others        those of hours.sql and series.sql
WITH hours AS (
    SELECT {{ bucket }} AS bucket, {{ events/usage/sql/series.sql }} AS series, project_id, dimensions,
        total, event_count, maximum, latest
    FROM ({{ events/usage/sql/hours.sql }}) AS chosen
),
meters AS (
    SELECT bucket, series, CASE %(aggregation)s
            WHEN 'sum' THEN sum(total) WHEN 'count' THEN sum(event_count) WHEN 'max' THEN coalesce(max(maximum), 0)
            WHEN 'latest' THEN coalesce((events_newest(latest)).value, 0) ELSE 0 END AS quantity,
        sum(event_count) AS event_count
    FROM hours
    GROUP BY GROUPING SETS ((bucket, series, project_id, dimensions), (series, project_id, dimensions))
    UNION ALL
    SELECT bucket, series, count(*), 0 FROM (
        SELECT bucket, series, project_id, dimensions FROM (
            SELECT {{ bucket }} AS bucket, {{ events/usage/sql/series.sql }} AS series, project_id, dimensions, value,
                event_count
            FROM events_usagedistinct WHERE %(aggregation)s = 'unique' AND {{ events/usage/sql/chosen.sql }}
        ) AS values
        GROUP BY GROUPING SETS (
            (bucket, series, project_id, dimensions, value), (series, project_id, dimensions, value)
        )
        HAVING sum(event_count) > 0
    ) AS seen GROUP BY bucket, series
),
numbers AS (
    SELECT bucket, series, sum(quantity) AS quantity, sum(event_count) AS event_count
    FROM meters GROUP BY bucket, series
),
places AS (
    SELECT series, least(row_number() OVER (ORDER BY quantity DESC, event_count DESC, series),
        %(most)s::int + 1) AS place
    FROM numbers WHERE bucket IS NULL
)
SELECT bucket, place, min(series::text), sum(quantity)::numeric, sum(event_count)::bigint
FROM numbers JOIN places USING (series) GROUP BY bucket, place ORDER BY place
