-- What happened to levels before a span: a SELECT of (project_id, metric_id, dimensions, change), from the sums of earlier
-- months and the hours of the month that the span begins in.
--
-- %(month_used)s, %(month_start)s  that month: its first day and its first instant
-- %(until)s                        hours that end later have not been used yet
-- the others                       those of chosen.sql
SELECT project_id, metric_id, dimensions, change
FROM events_usagelevel
WHERE organisation_id = %(organisation)s AND project_id = ANY (%(projects)s) AND metric_id = ANY (%(metrics)s)
    AND used_in < %(month_used)s AND dimensions @> %(dimensions)s::jsonb
UNION ALL
SELECT project_id, metric_id, dimensions, total
FROM events_usageaggregate
WHERE organisation_id = %(organisation)s AND project_id = ANY (%(projects)s) AND metric_id = ANY (%(metrics)s)
    AND counted_in = ANY (%(months)s) AND hour >= %(month_start)s AND hour < %(start)s AND hour < %(until)s
    AND dimensions @> %(dimensions)s::jsonb
