-- Which billing months count usage of some hours, in ledger or aggregates: (month).
--
-- %(organisation)s    whose usage; NULL: everybody's
-- %(start)s, %(end)s  hours, half-open
SELECT counted_in FROM events_usageaggregate
WHERE hour >= %(start)s AND hour < %(end)s AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s)
UNION
SELECT counted_in FROM events_usageevent
WHERE hour >= %(start)s AND hour < %(end)s AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s)
ORDER BY 1
