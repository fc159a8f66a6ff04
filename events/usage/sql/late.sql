-- Events of a report that are billed in a later month than their own: (bucket, counted_in, event_count).
--
-- {{ bucket }}, {{ month }}  expressions of the bucket and of the month that a row of `hour` belongs to
-- Parameters: those of chosen.sql.
SELECT {{ bucket }} AS bucket, counted_in, sum(event_count)::bigint
FROM events_usageaggregate
WHERE {{ events/usage/sql/chosen.sql }} AND counted_in > {{ month }}
GROUP BY bucket, counted_in HAVING sum(event_count) <> 0 ORDER BY bucket, counted_in
