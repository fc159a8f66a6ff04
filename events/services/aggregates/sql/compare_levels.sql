-- Compares the levels of a billing month with the aggregates, as compare.sql does the aggregates with the ledger.
SELECT organisation_id, metric_id, count(a.change), count(*) FILTER (WHERE v.change IS NULL),
    count(*) FILTER (WHERE a.change IS NULL), count(*) FILTER (WHERE v.change <> a.change), NULL::numeric
FROM ({{ events/services/aggregates/sql/levels_from_aggregates.sql }}) a
FULL JOIN (SELECT * FROM events_usagelevel WHERE {{ events/services/aggregates/sql/levels_of_month.sql }}) v
    USING ({{ events/sql_fragments/level_key.sql }})
GROUP BY organisation_id, metric_id
