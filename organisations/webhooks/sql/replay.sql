-- Make the messages since a moment due again at one endpoint, and add those that it missed: the oldest, at most so many.
-- How many, and when the next one happened, if there are more.
WITH found AS MATERIALIZED (
    SELECT message.id, message.object_id, message.created_at, endpoint.payload
    FROM organisations_webhookendpoint endpoint
    JOIN organisations_webhookmessage message
        ON (endpoint.organisation_id IS NULL OR endpoint.organisation_id = message.organisation_id
            OR endpoint.organisation_id = ANY (message.audience))
        AND (endpoint.event_types = '[]'::jsonb OR endpoint.event_types ? message.type::text)
    LEFT JOIN organisations_webhookdelivery delivery
        ON delivery.endpoint_id = endpoint.id AND delivery.message_id = message.id
    WHERE endpoint.id = %(endpoint)s
        AND message.created_at >= %(since)s
        AND message.type <> 'endpoint.test'
        AND (delivery.id IS NULL OR delivery.status = 'failed' OR (delivery.status = 'delivered' AND NOT %(only_missed)s)
            OR (delivery.status = 'pending' AND delivery.attempts > 0))
    ORDER BY message.id
    LIMIT %(most)s + 1
),
wanted AS (
    SELECT * FROM found ORDER BY id LIMIT %(most)s
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
SELECT (SELECT count(*) FROM replayed), (SELECT created_at FROM found ORDER BY id OFFSET %(most)s)
