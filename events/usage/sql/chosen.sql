-- The condition that a row of aggregates, distinct values or ledger belongs to a report.
--
-- %(organisation)s, %(projects)s  whose usage
-- %(metrics)s                     of some metrics; NULL: of all
-- %(months)s                      billing months that it may be counted in: spelt out, as the indexes have them first
-- %(start)s, %(end)s              hours, half-open
-- %(dimensions)s                  JSON of the dimensions that are chosen; {} for all
organisation_id = %(organisation)s AND project_id = ANY (%(projects)s)
AND (%(metrics)s::uuid[] IS NULL OR metric_id = ANY (%(metrics)s))
AND counted_in = ANY (%(months)s) AND hour >= %(start)s AND hour < %(end)s AND dimensions @> %(dimensions)s::jsonb
