-- Adds a correction's entries to what adds up; maximum and latest are worked out by work_out_anew.sql.
--
-- Parameters: those of entries_of_correction.sql.
INSERT INTO events_usageaggregate AS a ({{ events/sql_fragments/aggregate_key.sql }}, total, event_count, maximum, latest, weighted)
SELECT {{ events/sql_fragments/aggregate_key.sql }}, sum({{ events/services/aggregates/sql/value.sql }}), sum({{ events/sql_fragments/sign.sql }}), NULL, NULL,
    sum({{ events/sql_fragments/weighted.sql }}) FILTER (WHERE aggregation = 'weighted_sum')
FROM (SELECT l.*, m.aggregation {{ events/services/aggregates/sql/entries_of_correction.sql }}) l
GROUP BY {{ events/sql_fragments/aggregate_key.sql }}
{{ events/sql_fragments/add_to_aggregate.sql }}
