-- Adds a correction's entries to total and count; maximum and latest are worked out by work_out_anew.sql.
--
-- Parameters: those of entries_of_correction.sql.
INSERT INTO events_usageaggregate AS a ({{ events/sql/aggregate_key.sql }}, total, event_count, maximum, latest)
SELECT {{ events/sql/aggregate_key.sql }}, sum(quantity), sum({{ events/sql/sign.sql }}), NULL, NULL
FROM (SELECT l.* {{ events/services/aggregates/sql/entries_of_correction.sql }}) l
GROUP BY {{ events/sql/aggregate_key.sql }}
{{ events/sql/add_to_aggregate.sql }}
