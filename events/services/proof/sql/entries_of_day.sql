-- How many events the ledger counted of each batch of a day: (batch_id, entries).
--
-- %(month)s           the day's month of receipt
-- %(start)s, %(end)s  the day, half-open
SELECT batch_id, count(*) AS entries
FROM events_usageevent
WHERE received_month = %(month)s AND received_at >= %(start)s AND received_at < %(end)s AND kind = 'usage'
GROUP BY batch_id
