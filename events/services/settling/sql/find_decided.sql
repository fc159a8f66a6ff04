-- What an earlier settling of one batch has left of its events: (position, whether it was counted). Counted: the ledger has
-- it under this batch and position. Otherwise it became a dead letter: one that stood when the batch was received, and
-- that neither this batch nor an earlier replay took back for counting.
--
-- %(positions)s, %(event_ids)s          the events, arrays of one length
-- %(batch_id)s, %(organisation_id)s, %(project_id)s, %(received_at)s, %(month)s  the batch, and its month of receipt
WITH accepted AS MATERIALIZED (
    SELECT "position", event_id COLLATE "C" AS event_id
    FROM unnest(%(positions)s::int[], %(event_ids)s::varchar[]) AS a ("position", event_id)
)
SELECT a."position", true
FROM accepted a
JOIN events_usageevent l ON l.event_id = a.event_id AND l."position" = a."position"
WHERE l.organisation_id = %(organisation_id)s AND l.project_id = %(project_id)s AND l.received_month = %(month)s
    AND l.batch_id = %(batch_id)s
UNION ALL
SELECT a."position", false
FROM accepted a
JOIN events_deadletter d ON d.event_id = a.event_id COLLATE "default"
WHERE d.organisation_id = %(organisation_id)s AND d.project_id = %(project_id)s
    AND %(received_at)s BETWEEN d.first_seen_at AND d.last_seen_at
    AND d.replay_batch_id IS DISTINCT FROM %(batch_id)s
    AND NOT EXISTS (
        SELECT FROM events_deadletter taken
        WHERE taken.organisation_id = d.organisation_id AND taken.project_id = d.project_id
            AND taken.event_id = d.event_id AND taken.replay_batch_id = %(batch_id)s
            AND taken.resolved_at > d.resolved_at
    )
