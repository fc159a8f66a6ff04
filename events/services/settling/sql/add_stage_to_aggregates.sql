-- Adds the stage to the hourly aggregates. By now the stage holds exactly what the ledger took.
--
-- Adds up by number first and joins the keys to the sums. Rows go in by key, as into the ledger.
--
-- %(max_series)s, %(latest_series)s, %(weighted_series)s  numbers of the series whose metric is a `max`, a `latest` or a
--                                                         `weighted_sum`
-- %(received_at)s                                         when each batch was received, by its number
INSERT INTO events_usageaggregate AS a ({{ events/sql_fragments/aggregate_key.sql }}, total, event_count, maximum, latest, weighted)
SELECT {{ events/sql_fragments/aggregate_key.sql }}, total, event_count, maximum, latest,
    (total * extract(epoch FROM hour + interval '1 hour') - moment) * 1000000
FROM (
    SELECT series, slot, count(*) AS event_count,
        sum(CASE WHEN series = ANY (%(weighted_series)s::int[])
            THEN {{ events/sql_fragments/change.sql }} ELSE quantity END) AS total,
        max(quantity) FILTER (WHERE series = ANY (%(max_series)s::int[])) AS maximum,
        events_newest({{ events/sql_fragments/reading.sql }}) FILTER (WHERE series = ANY (%(latest_series)s::int[])) AS latest,
        sum({{ events/sql_fragments/change.sql }} * extract(epoch FROM occurred_at))
            FILTER (WHERE series = ANY (%(weighted_series)s::int[])) AS moment
    FROM (SELECT *, (%(received_at)s::timestamptz[])[batch + 1] AS received_at FROM events_stage) l
    GROUP BY series, slot
) staged
{{ events/services/settling/sql/staged_series.sql }}
{{ events/services/settling/sql/staged_slots.sql }}
ORDER BY {{ events/sql_fragments/aggregate_key.sql }}
{{ events/sql_fragments/add_to_aggregate.sql }}
