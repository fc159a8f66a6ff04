-- Store messages that are new, and a delivery of each to every endpoint in use that hears of it. How many deliveries.
WITH given AS (
    SELECT *
    FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS given (uid uuid, organisation_id uuid, object_id uuid, dedupe_key text, payload jsonb)
),
message AS (
    INSERT INTO organisations_webhookmessage
        (uid, organisation_id, type, object_id, dedupe_key, version, payload, created_at)
    SELECT uid, organisation_id, %(type)s, object_id, dedupe_key, %(version)s, payload, %(now)s
    FROM given
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id, organisation_id, object_id
),
delivery AS (
    INSERT INTO organisations_webhookdelivery
        (id, created_at, updated_at, attempts, next_attempt_at, last_failure, endpoint_id, message_id, object_id,
         payload, status)
    SELECT gen_random_uuid(), %(now)s, %(now)s, 0, %(now)s, '', endpoint.id, message.id, message.object_id,
        endpoint.payload, 'pending'
    FROM message
    JOIN organisations_webhookendpoint endpoint
        ON (endpoint.organisation_id IS NULL OR endpoint.organisation_id = message.organisation_id)
        AND endpoint.status = 'active'
        AND (endpoint.event_types = '[]'::jsonb OR endpoint.event_types ? %(type)s::text)
    RETURNING 1
)
SELECT count(*) FROM delivery
