-- Adds a correction's entries to total and count; maximum and latest are worked out by work_out_anew.sql.
--
-- Parameters: those of entries_of_correction.sql.
INSERT INTO events_usageaggregate AS a ({{ events/sql_fragments/aggregate_key.sql }}, total, event_count, maximum, latest)
SELECT {{ events/sql_fragments/aggregate_key.sql }}, sum(quantity), sum({{ events/sql_fragments/sign.sql }}), NULL, NULL
FROM (SELECT l.* {{ events/services/aggregates/sql/entries_of_correction.sql }}) l
GROUP BY {{ events/sql_fragments/aggregate_key.sql }}
{{ events/sql_fragments/add_to_aggregate.sql }}
