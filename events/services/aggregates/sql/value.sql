-- What an entry `l` adds to the total of its hour, by the aggregation of its metric.
CASE WHEN aggregation = 'weighted_sum' THEN {{ events/sql_fragments/change.sql }} ELSE l.quantity END
