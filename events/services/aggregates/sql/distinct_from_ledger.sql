-- What events_usagedistinct ought to hold of the piece, according to the ledger. Parameters: those of piece.sql.
SELECT {{ events/sql_fragments/aggregate_key.sql }}, value, sum({{ events/sql_fragments/sign.sql }})::bigint AS event_count
FROM ({{ events/services/aggregates/sql/entries_of_piece.sql }}) l, LATERAL ({{ events/sql_fragments/distinct_value.sql }}) named
WHERE aggregation = 'unique' AND value IS NOT NULL
GROUP BY {{ events/sql_fragments/aggregate_key.sql }}, value
