-- Compares a table of aggregates with the ledger, by customer and metric: rows there ought to be, missing ones, surplus
-- ones, wrong ones, and by how much their totals differ.
--
-- {{ table }}, {{ more_key }}           the table, and what its key has besides the shared columns: nothing or `, value`
-- {{ from_ledger }}                     the SELECT of what it ought to hold; its parameters are all there are
-- {{ stake }}                           the sum of the differences of the totals; NULL where the table has none
-- {{ values_of_a }}, {{ values_of_l }}  the other columns, of the table and of the SELECT
SELECT organisation_id, metric_id, count(*) FILTER (WHERE l.event_count IS NOT NULL),
    count(*) FILTER (WHERE a.event_count IS NULL),
    count(*) FILTER (WHERE l.event_count IS NULL),
    count(*) FILTER (WHERE l.event_count IS NOT NULL AND a.event_count IS NOT NULL
        AND ROW ({{ values_of_a }}) IS DISTINCT FROM ROW ({{ values_of_l }})),
    {{ stake }}
FROM ({{ from_ledger }}) l
FULL JOIN (SELECT * FROM {{ table }} WHERE {{ events/services/aggregates/sql/piece.sql }}) a USING ({{ events/sql_fragments/aggregate_key.sql }}{{ more_key }})
GROUP BY organisation_id, metric_id
