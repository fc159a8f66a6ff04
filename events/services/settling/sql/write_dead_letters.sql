-- Stores events that can't be counted, one open dead letter for each event id.
--
-- An event that was replayed and rejected again continues the letter it came from (`older`): it was sent as often as
-- that one and the new copies together. If its sender was faster and a new letter is open already, the two become one:
-- first seen when the earlier was, sent as often as both.
--
-- Rows go in by key: two workers with the same events wait for one another instead of deadlocking.
--
-- %(batch_ids)s  the batches that all these events are from
-- the others     arrays of one length, a place for each event id; `event` is JSON as text
INSERT INTO events_deadletter AS d (id, created_at, updated_at, organisation_id, project_id, event_id, reason,
    message, accepted_event, batch_id, status, times_sent, first_seen_at, last_seen_at, resolved_by, resolution)
SELECT gen_random_uuid(), now(), now(), new.organisation_id, new.project_id, new.event_id, new.reason,
    new.message, new.event::jsonb, new.batch_id, 'open', new.times + coalesce(older.times_sent, 0),
    new.first_seen_at, CASE WHEN older.times_sent IS NULL THEN new.last_seen_at ELSE now() END, '', ''
FROM unnest(%(organisation_id)s::uuid[], %(project_id)s::uuid[], %(event_id)s::text[], %(reason)s::text[],
    %(message)s::text[], %(event)s::text[], %(batch_id)s::uuid[], %(times)s::int[], %(first_seen_at)s::timestamptz[],
    %(last_seen_at)s::timestamptz[]) AS new (organisation_id, project_id, event_id, reason, message, event, batch_id,
    times, first_seen_at, last_seen_at)
LEFT JOIN LATERAL (
    SELECT letter.times_sent FROM events_deadletter letter
    WHERE letter.organisation_id = new.organisation_id AND letter.event_id = new.event_id
        AND letter.replay_batch_id = ANY (%(batch_ids)s)
    LIMIT 1
) older ON true
ORDER BY new.project_id, new.event_id COLLATE "C"
ON CONFLICT (organisation_id, project_id, event_id) WHERE status = 'open' DO UPDATE
    SET times_sent = d.times_sent + excluded.times_sent, updated_at = now(),
        first_seen_at = least(d.first_seen_at, excluded.first_seen_at),
        last_seen_at = greatest(d.last_seen_at, excluded.last_seen_at)
