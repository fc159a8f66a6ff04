-- Joins to the stage what the numbers of batches stand for.
--
-- LEFT JOIN although every number has its row: with JOIN, PostgreSQL, which has no statistics of the stage, expects a
-- single row and picks nested loops. So do staged_series.sql and staged_slots.sql.
--
-- %(batch_number)s, %(batch_id)s, %(received_at)s  arrays of one length
LEFT JOIN unnest(%(batch_number)s::int[], %(batch_id)s::uuid[], %(received_at)s::timestamptz[])
    AS batches (batch, batch_id, received_at) USING (batch)
