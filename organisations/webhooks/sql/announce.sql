-- Store messages that are new, and a delivery of each to every endpoint in use that hears of it. How many deliveries.
-- A message that could not be made waits, as after a failed try, where more than an id is to be sent. The endpoints are
-- locked against removal: the key of a delivery is checked only when the caller commits, which it then can.
WITH given AS (
    SELECT *
    FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS given (uid uuid, organisation_id uuid, audience uuid[], object_id uuid, dedupe_key text, payload text, facts text,
            failure text)
),
message AS (
    INSERT INTO organisations_webhookmessage
        (uid, organisation_id, audience, type, object_id, dedupe_key, version, payload, facts, failure, created_at)
    SELECT uid, organisation_id, audience, %(type)s, object_id, dedupe_key, %(version)s, payload::jsonb, facts::jsonb, failure,
        %(now)s
    FROM given
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id, organisation_id, audience, object_id, payload IS NULL AS unmade, failure
),
delivery AS (
    INSERT INTO organisations_webhookdelivery
        (id, created_at, updated_at, attempts, next_attempt_at, last_failure, endpoint_id, message_id, object_id,
         payload, status)
    SELECT gen_random_uuid(), %(now)s, %(now)s, waits::int, CASE WHEN waits THEN %(later)s ELSE %(due)s END,
        CASE WHEN waits THEN left(%(unmade)s::text || message.failure, 2000) ELSE '' END, endpoint.id, message.id,
        message.object_id, endpoint.payload, 'pending'
    FROM message
    JOIN organisations_webhookendpoint endpoint
        ON (endpoint.organisation_id IS NULL OR endpoint.organisation_id = message.organisation_id
            OR endpoint.organisation_id = ANY (message.audience))
        AND endpoint.status = 'active'
        AND (endpoint.event_types = '[]'::jsonb OR endpoint.event_types ? %(type)s::text)
    CROSS JOIN LATERAL (SELECT message.unmade AND endpoint.payload = 'full' AS waits) told
    FOR KEY SHARE OF endpoint
    RETURNING 1
)
SELECT count(*) FROM delivery
