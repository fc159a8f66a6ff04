-- What events_usagelevel ought to hold of a billing month, according to the aggregates.
--
-- %(organisation)s, %(zone)s, %(month)s  whose usage, its time zone, and the billing month
-- %(metric)s                             one metric, or NULL for all
SELECT {{ events/sql_fragments/level_key.sql }}, sum(total) AS change
FROM (
    SELECT a.*, (date_trunc('month', a.hour AT TIME ZONE %(zone)s))::date AS used_in
    FROM events_usageaggregate a JOIN events_metric m ON m.id = a.metric_id
    WHERE a.organisation_id = %(organisation)s AND a.counted_in = %(month)s AND m.aggregation = 'weighted_sum'
        AND (%(metric)s::uuid IS NULL OR a.metric_id = %(metric)s)
) hours
GROUP BY {{ events/sql_fragments/level_key.sql }}
