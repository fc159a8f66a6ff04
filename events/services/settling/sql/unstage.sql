-- Takes duplicates from the stage, so that they are not added to the aggregates.
--
-- %(batches)s, %(positions)s  arrays of one length
DELETE FROM events_stage USING unnest(%(batches)s::int[], %(positions)s::int[]) AS gone (batch, "position")
WHERE events_stage.batch = gone.batch AND events_stage."position" = gone."position"
