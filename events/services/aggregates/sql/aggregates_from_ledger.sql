-- What events_usageaggregate ought to hold of the piece, according to the ledger.
--
-- %(corrected_in)s  the month that is rebuilt, in a list: the corrections that are heeded (is_standing.sql)
-- the others        those of piece.sql
SELECT {{ events/sql_fragments/aggregate_key.sql }}, sum({{ events/services/aggregates/sql/value.sql }}) AS total,
    sum({{ events/sql_fragments/sign.sql }})::bigint AS event_count,
    max(quantity) FILTER (WHERE aggregation = 'max' AND {{ events/sql_fragments/is_standing.sql }}) AS maximum,
    events_newest({{ events/sql_fragments/reading.sql }})
        FILTER (WHERE aggregation = 'latest' AND {{ events/sql_fragments/is_standing.sql }}) AS latest,
    sum({{ events/sql_fragments/weighted.sql }}) FILTER (WHERE aggregation = 'weighted_sum') AS weighted
FROM ({{ events/services/aggregates/sql/entries_of_piece.sql }}) l
GROUP BY {{ events/sql_fragments/aggregate_key.sql }}
