-- Adds the staged events of `unique` metrics to the counts of their values.
--
-- %(unique_series)s, %(unique_property)s  numbers of those series, and the metadata key that each counts
INSERT INTO events_usagedistinct AS d ({{ events/sql_fragments/aggregate_key.sql }}, value, event_count)
SELECT {{ events/sql_fragments/aggregate_key.sql }}, value, count(*)
FROM events_stage
{{ events/services/settling/sql/staged_series.sql }}
{{ events/services/settling/sql/staged_slots.sql }}
JOIN unnest(%(unique_series)s::int[], %(unique_property)s::text[]) AS named (series, unique_property) USING (series),
LATERAL ({{ events/sql_fragments/distinct_value.sql }}) named_value
WHERE value IS NOT NULL
GROUP BY {{ events/sql_fragments/aggregate_key.sql }}, value
ORDER BY {{ events/sql_fragments/aggregate_key.sql }}, value
{{ events/sql_fragments/add_to_distinct.sql }}
