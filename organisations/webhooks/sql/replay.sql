-- Make the messages since a moment due again at one endpoint, and add those that it missed. How many.
WITH wanted AS (
    SELECT message.id, message.object_id, endpoint.payload
    FROM organisations_webhookendpoint endpoint
    JOIN organisations_webhookmessage message
        ON (endpoint.organisation_id IS NULL OR endpoint.organisation_id = message.organisation_id
            OR endpoint.organisation_id = ANY (message.audience))
        AND (endpoint.event_types = '[]'::jsonb OR endpoint.event_types ? message.type::text)
    WHERE endpoint.id = %(endpoint)s
        AND message.created_at >= %(since)s
        AND message.type <> 'endpoint.test'
),
replayed AS (
    INSERT INTO organisations_webhookdelivery AS delivery
        (id, created_at, updated_at, attempts, next_attempt_at, last_failure, endpoint_id, message_id, object_id,
         payload, status)
    SELECT gen_random_uuid(), %(now)s, %(now)s, 0, %(now)s, '', %(endpoint)s, id, object_id, payload, 'pending'
    FROM wanted
    ON CONFLICT (endpoint_id, message_id) DO UPDATE
        SET attempts = 0, next_attempt_at = %(now)s, last_failure = '', status = 'pending', delivered_at = NULL,
            updated_at = %(now)s
        WHERE delivery.status = 'failed' OR (delivery.status = 'delivered' AND NOT %(only_missed)s)
            OR (delivery.status = 'pending' AND delivery.attempts > 0)
    RETURNING 1
)
SELECT count(*) FROM replayed
