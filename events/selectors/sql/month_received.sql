-- What was received in a UTC month, and what became of it, by customer: (organisation, events, counted, duplicates,
-- dead-lettered, not settled). Of days that were dropped the tallies tell, of the others the hot log.
--
-- A replay is no request: its dead letters were received before. What became of them is taken from the dead letters.
--
-- %(first)s, %(after)s          days, half-open
-- %(start)s, %(end)s            the same as instants
-- %(organisations)s             whose; NULL: everybody's
SELECT organisation_id, sum(events)::bigint, sum(counted)::bigint, sum(duplicates)::bigint,
    sum(dead_lettered - replayed)::bigint, sum(not_settled)::bigint
FROM (
    SELECT organisation_id, events, counted, duplicates, dead_lettered, replayed, 0 AS not_settled
    FROM events_hotlogtally
    WHERE day >= %(first)s AND day < %(after)s
    UNION ALL
    SELECT organisation_id, CASE WHEN is_replay THEN 0 ELSE event_count END, counted, duplicates, dead_lettered,
        CASE WHEN is_replay AND status = 'settled' THEN event_count ELSE 0 END,
        CASE WHEN is_replay OR status = 'settled' THEN 0 ELSE event_count END
    FROM events_eventbatch
    WHERE received_at >= %(start)s AND received_at < %(end)s
) accepted
WHERE %(organisations)s::uuid[] IS NULL OR organisation_id = ANY (%(organisations)s::uuid[])
GROUP BY organisation_id
