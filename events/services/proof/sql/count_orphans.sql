-- How many of the day's ledger entries name a batch that is not in the hot log. Parameters: those of entries_of_day.sql.
WITH entries AS MATERIALIZED ({{ events/services/proof/sql/entries_of_day.sql }})
SELECT coalesce(sum(e.entries), 0)
FROM entries e
WHERE NOT EXISTS (
    SELECT FROM events_eventbatch b
    WHERE b.id = e.batch_id AND b.received_at >= %(start)s AND b.received_at < %(end)s
)
