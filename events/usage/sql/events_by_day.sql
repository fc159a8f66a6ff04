-- Counted events by local day: (day, event_count).
--
-- {{ day }}  the expression of the day that a row of `hour` belongs to
-- Parameters: those of chosen.sql.
SELECT {{ day }} AS day, sum(event_count)::bigint
FROM events_usageaggregate
WHERE {{ events/usage/sql/chosen.sql }}
GROUP BY day
