-- The end of an INSERT into events_usagedistinct AS d: add to a row that is there already.
ON CONFLICT ({{ events/sql_fragments/aggregate_key.sql }}, value) DO UPDATE SET event_count = d.event_count + excluded.event_count
