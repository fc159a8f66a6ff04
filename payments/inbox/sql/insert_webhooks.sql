-- Stores messages that are new by id and by body, as many at once as threads happen to bring (see storing.py).
--
-- {{ rows }}  a VALUES list in the order of storing.NewWebhook
INSERT INTO payments_inboundwebhook (id, gateway_account_id, event_id, event_type, body, body_digest, headers,
    received_at, created_at, updated_at, next_attempt_at, status, attempts, last_failure, outcome)
VALUES {{ rows }}
ON CONFLICT DO NOTHING
RETURNING id
