-- Notes what a day of the hot log holds of each customer, before the day is dropped.
--
-- %(day)s, %(start)s, %(end)s  the UTC day, half-open
-- %(now)s                      when it is dropped
INSERT INTO events_hotlogtally (id, created_at, updated_at, organisation_id, day, dropped_at, batches, events, replayed,
    counted, duplicates, dead_lettered)
SELECT gen_random_uuid(), %(now)s, %(now)s, organisation_id, %(day)s, %(now)s, count(*),
    coalesce(sum(event_count) FILTER (WHERE NOT is_replay), 0),
    coalesce(sum(event_count) FILTER (WHERE is_replay), 0), sum(counted), sum(duplicates), sum(dead_lettered)
FROM events_eventbatch
WHERE received_at >= %(start)s AND received_at < %(end)s
GROUP BY organisation_id
