-- The oldest batches that nobody holds and that never failed, as a cursor: it locks only the rows fetched from it, so
-- that other workers find the rest free. It lives within one transaction, which a transaction-pooling PgBouncer allows.
DECLARE pending NO SCROLL CURSOR FOR
SELECT id, organisation_id, project_id, received_at, event_count, packed_events
FROM events_eventbatch
WHERE status = 'pending' AND attempts = 0
ORDER BY received_at, id
FOR UPDATE SKIP LOCKED
