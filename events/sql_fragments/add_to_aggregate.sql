-- The end of an INSERT into events_usageaggregate AS a: add to a row that is there already.
--
-- `greatest` compares two readings column by column, as rows are compared, and ignores NULL. Settling, corrections and
-- nothing else add to aggregates, and all of them through this text.
ON CONFLICT ({{ events/sql_fragments/aggregate_key.sql }}) DO UPDATE SET
    total = a.total + excluded.total,
    event_count = a.event_count + excluded.event_count,
    maximum = greatest(a.maximum, excluded.maximum),
    latest = greatest(a.latest, excluded.latest),
    weighted = a.weighted + excluded.weighted
