-- What events_usagedistinct ought to hold of the piece, according to the ledger. Parameters: those of piece.sql.
SELECT {{ events/sql/aggregate_key.sql }}, value, sum({{ events/sql/sign.sql }})::bigint AS event_count
FROM ({{ events/services/aggregates/sql/entries_of_piece.sql }}) l, LATERAL ({{ events/sql/distinct_value.sql }}) named
WHERE aggregation = 'unique' AND value IS NOT NULL
GROUP BY {{ events/sql/aggregate_key.sql }}, value
