-- Adds a correction's entries, if its metric is a `unique` one, to the counts of their values.
--
-- Parameters: those of entries_of_correction.sql.
INSERT INTO events_usagedistinct AS d ({{ events/sql_fragments/aggregate_key.sql }}, value, event_count)
SELECT {{ events/sql_fragments/aggregate_key.sql }}, value, sum({{ events/sql_fragments/sign.sql }})
FROM (
    SELECT l.*, m.aggregation, m.unique_property {{ events/services/aggregates/sql/entries_of_correction.sql }}
) l, LATERAL ({{ events/sql_fragments/distinct_value.sql }}) named
WHERE aggregation = 'unique' AND value IS NOT NULL
GROUP BY {{ events/sql_fragments/aggregate_key.sql }}, value
{{ events/sql_fragments/add_to_distinct.sql }}
