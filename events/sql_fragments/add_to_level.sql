-- The end of an INSERT into events_usagelevel AS v: add to a row that is there already.
ON CONFLICT ({{ events/sql_fragments/level_key.sql }}) DO UPDATE SET change = v.change + excluded.change
