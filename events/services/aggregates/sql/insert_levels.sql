-- Writes a billing month of events_usagelevel as the aggregates have it.
INSERT INTO events_usagelevel ({{ events/sql_fragments/level_key.sql }}, change)
{{ events/services/aggregates/sql/levels_from_aggregates.sql }}
