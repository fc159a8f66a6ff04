-- The stage with everything that its numbers stand for.
SELECT * FROM events_stage
{{ events/services/settling/sql/staged_batches.sql }}
{{ events/services/settling/sql/staged_series.sql }}
{{ events/services/settling/sql/staged_slots.sql }}
