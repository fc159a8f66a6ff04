-- Notes on each batch what became of its events. The table's check constraint refuses numbers that don't add up.
--
-- %(oldest)s, %(newest)s  the span of receipt of all batches: tells PostgreSQL in which partitions to look
-- the others              arrays of one length
UPDATE events_eventbatch b
SET status = 'settled', settled_at = clock_timestamp(), counted = v.counted, duplicates = v.duplicates,
    dead_lettered = v.dead_lettered, conflicts = v.conflicts, conflict_ids = v.conflict_ids,
    next_attempt_at = NULL, last_failure = ''
FROM unnest(%(batch_id)s::uuid[], %(received_at)s::timestamptz[], %(counted)s::int[], %(duplicates)s::int[],
    %(dead_lettered)s::int[], %(conflicts)s::int[], %(conflict_ids)s::jsonb[])
    AS v (id, received_at, counted, duplicates, dead_lettered, conflicts, conflict_ids)
WHERE b.id = v.id AND b.received_at = v.received_at AND b.received_at BETWEEN %(oldest)s AND %(newest)s
