-- Deliveries to send now: due, of an endpoint in use, the first that waits of its object, and no more of one endpoint
-- than may be on their way at once. An endpoint that fails gets one at a time, until one is taken; one that asks for a
-- pause gets none until it is over.
SELECT chosen.id
FROM organisations_webhookendpoint endpoint
CROSS JOIN LATERAL (
    SELECT count(*) AS sent
    FROM organisations_webhookdelivery d
    WHERE d.endpoint_id = endpoint.id AND d.next_attempt_at IS NOT NULL AND d.claimed_until > %(now)s
) busy
CROSS JOIN LATERAL (
    SELECT d.id, d.next_attempt_at
    FROM organisations_webhookdelivery d
    WHERE d.endpoint_id = endpoint.id
        AND d.next_attempt_at <= %(now)s
        AND (d.claimed_until IS NULL OR d.claimed_until <= %(now)s)
        AND d.status IN ('pending', 'sending')
        AND NOT EXISTS (
            SELECT
            FROM organisations_webhookdelivery earlier
            WHERE earlier.endpoint_id = d.endpoint_id
                AND earlier.object_id = d.object_id
                AND earlier.message_id < d.message_id
                AND earlier.next_attempt_at IS NOT NULL
        )
    ORDER BY d.next_attempt_at, d.message_id
    LIMIT greatest(CASE WHEN endpoint.failing_since IS NULL THEN %(most)s ELSE 1 END - busy.sent, 0)
) chosen
WHERE endpoint.status = 'active' AND (endpoint.quiet_until IS NULL OR endpoint.quiet_until <= %(now)s)
ORDER BY chosen.next_attempt_at
LIMIT %(room)s
