-- Questions about usage, one row for each billing month that an answer counts. All parameters are arrays of one length:
--
-- %(numbers)s               which question the row belongs to
-- %(organisations)s         whose usage. Named again in each statement, as is the month: a join alone does not tell
--                           Citus where to look
-- %(zones)s                 the organisation's time zone
-- %(months)s                the billing month that the usage was counted in
-- %(firsts)s, %(afters)s    instants between which it happened, half-open
unnest(%(numbers)s::int[], %(organisations)s::uuid[], %(zones)s::text[], %(months)s::date[],
    %(firsts)s::timestamptz[], %(afters)s::timestamptz[]) AS asked (number, organisation_id, zone, counted_in, first, after)
