-- Adds a correction's entries, if its metric is a `unique` one, to the counts of their values.
--
-- Parameters: those of entries_of_correction.sql.
INSERT INTO events_usagedistinct AS d ({{ events/sql/aggregate_key.sql }}, value, event_count)
SELECT {{ events/sql/aggregate_key.sql }}, value, sum({{ events/sql/sign.sql }})
FROM (
    SELECT l.*, m.aggregation, m.unique_property {{ events/services/aggregates/sql/entries_of_correction.sql }}
) l, LATERAL ({{ events/sql/distinct_value.sql }}) named
WHERE aggregation = 'unique' AND value IS NOT NULL
GROUP BY {{ events/sql/aggregate_key.sql }}, value
{{ events/sql/add_to_distinct.sql }}
