-- The day that an operator typed was kept as the midnight that begins it in the customer's zone.
UPDATE payments_payment AS payment
SET received_on = (payment.paid_at AT TIME ZONE organisation.time_zone)::date
FROM organisations_organisation AS organisation
WHERE organisation.id = payment.organisation_id AND payment.kind IN ('offline', 'tds') AND payment.paid_at IS NOT NULL;

-- Copies of one message under several event ids keep their rows; the first of them has the digest.
UPDATE payments_inboundwebhook AS webhook
SET body_digest = first.digest
FROM (
    SELECT DISTINCT ON (digest) id, digest
    FROM (SELECT id, received_at, encode(sha256(convert_to(body, 'UTF8')), 'hex') AS digest
          FROM payments_inboundwebhook) AS all_of_them
    ORDER BY digest, received_at, id
) AS first
WHERE webhook.id = first.id;
