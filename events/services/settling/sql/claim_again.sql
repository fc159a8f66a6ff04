-- One settled batch, as soon as nobody else holds it.
--
-- %(batch_id)s
SELECT id, organisation_id, project_id, received_at, event_count, packed_events
FROM events_eventbatch
WHERE id = %(batch_id)s AND status = 'settled'
FOR UPDATE
