-- The ledger entries of the piece, with how their metric aggregates. Parameters: those of piece.sql.
SELECT l.*, m.aggregation, m.unique_property
FROM (SELECT * FROM events_usageevent WHERE {{ events/services/aggregates/sql/piece.sql }}) l
JOIN events_metric m ON m.id = l.metric_id
