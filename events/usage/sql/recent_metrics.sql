-- Events of live projects by metric: (metric_id, events of the last days, events of as many days before).
--
-- %(customers)s          organisations
-- %(since)s, %(before)s  the instants where the two spans begin
-- %(month)s              a billing month that nothing wanted lies before: it lets PostgreSQL use the index
SELECT metric_id, coalesce(sum(event_count) FILTER (WHERE hour >= %(since)s), 0)::bigint,
    coalesce(sum(event_count) FILTER (WHERE hour < %(since)s), 0)::bigint
FROM events_usageaggregate
WHERE organisation_id = ANY (%(customers)s) AND hour >= %(before)s AND counted_in >= %(month)s
    AND project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
GROUP BY metric_id
