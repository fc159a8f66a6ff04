-- The day's batches of which the ledger has more entries than the batch says were counted; one that is not in the hot
-- log is a batch of which nothing was counted.
--
-- %(orphans)s  whether to ask about batches that are not in the hot log; not on a day whose partition was dropped before
-- %(limit)s    so many at most; the others as in entries_of_day.sql
WITH entries AS MATERIALIZED ({{ events/services/proof/sql/entries_of_day.sql }})
SELECT e.batch_id
FROM entries e
LEFT JOIN events_eventbatch b ON b.id = e.batch_id AND b.received_at >= %(start)s AND b.received_at < %(end)s
WHERE e.entries > coalesce(b.counted, 0) AND (%(orphans)s OR b.id IS NOT NULL)
ORDER BY e.batch_id
LIMIT %(limit)s
