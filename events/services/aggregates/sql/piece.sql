-- The condition that a row of the ledger or of the aggregates belongs to the piece that is compared or rebuilt.
--
-- %(organisation)s, %(month)s  whose usage (NULL: everybody's), counted in which billing month
-- %(start)s, %(end)s           hours, half-open
-- %(metric)s                   one metric, or NULL for all
(%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s) AND counted_in = %(month)s
AND hour >= %(start)s AND hour < %(end)s AND (%(metric)s::uuid IS NULL OR metric_id = %(metric)s)
