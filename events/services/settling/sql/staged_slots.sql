-- Joins to the stage what the numbers of slots stand for; see staged_batches.sql.
--
-- %(slot_number)s, %(hour)s, %(used_in)s, %(counted_in)s, %(is_late)s  arrays of one length
LEFT JOIN unnest(%(slot_number)s::int[], %(hour)s::timestamptz[], %(used_in)s::date[], %(counted_in)s::date[],
    %(is_late)s::boolean[]) AS slots (slot, hour, used_in, counted_in, is_late) USING (slot)
