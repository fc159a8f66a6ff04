-- The accepted events with what the numbers of their batches stand for. LEFT JOIN as in settling/sql/staged_batches.sql.
--
-- %(number)s, %(batch_id)s, %(organisation_id)s, %(project_id)s, %(received_at)s  arrays of one length
SELECT * FROM events_verification
LEFT JOIN unnest(%(number)s::int[], %(batch_id)s::uuid[], %(organisation_id)s::uuid[], %(project_id)s::uuid[],
    %(received_at)s::timestamptz[]) AS batches (batch, batch_id, organisation_id, project_id, received_at)
    USING (batch)
