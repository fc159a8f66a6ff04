-- The hours of a report: (metric_id, project_id, dimensions, hour, total, event_count, maximum, latest).
--
-- The aggregates of a closed month keep the maximum and the latest reading of the day it closed. In hours that were
-- corrected since then, both come from what still stands in the ledger.
--
-- %(corrected)s      those hours; mostly none, and then PostgreSQL leaves out the second half before it plans it
-- %(received_from)s  no event of the report was received before this month
-- %(corrected_in)s   NULL: all corrections are heeded (is_standing.sql)
-- the others         those of chosen.sql
SELECT metric_id, project_id, dimensions, hour, total, event_count,
    CASE WHEN hour <> ALL (%(corrected)s::timestamptz[]) THEN maximum END AS maximum,
    CASE WHEN hour <> ALL (%(corrected)s::timestamptz[]) THEN latest END AS latest
FROM events_usageaggregate WHERE {{ events/usage/sql/chosen.sql }}
UNION ALL
SELECT metric_id, project_id, dimensions, hour, 0, 0, quantity, {{ events/sql_fragments/reading.sql }}
FROM events_usageevent l
WHERE cardinality(%(corrected)s::timestamptz[]) > 0 AND {{ events/usage/sql/chosen.sql }}
    AND hour = ANY (%(corrected)s::timestamptz[]) AND received_month >= %(received_from)s
    AND {{ events/sql_fragments/is_standing.sql }}
