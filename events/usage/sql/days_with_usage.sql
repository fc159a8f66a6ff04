-- On which local days live projects used a metric that is no level: (organisation_id, day, dimensions).
--
-- %(name)s, %(unit)s             the metric
-- %(organisations)s, %(months)s  whose usage, counted in which billing month: arrays of one length. They are named
--                                twice: a join alone does not tell Citus where to look.
-- %(first)s, %(after)s           days, half-open
SELECT a.organisation_id, (a.hour AT TIME ZONE o.time_zone)::date AS day, a.dimensions::text
FROM events_usageaggregate a
JOIN unnest(%(organisations)s::uuid[], %(months)s::date[]) AS counted (organisation_id, counted_in)
    USING (organisation_id, counted_in)
JOIN organisations_organisation o ON o.id = a.organisation_id
JOIN organisations_project p ON p.id = a.project_id AND p.mode = 'live'
JOIN events_metric m ON m.id = a.metric_id
WHERE m.name = %(name)s AND m.unit = %(unit)s AND m.aggregation <> 'weighted_sum'
    AND a.organisation_id = ANY (%(organisations)s) AND a.counted_in = ANY (%(months)s)
    AND (a.hour AT TIME ZONE o.time_zone)::date >= %(first)s
    AND (a.hour AT TIME ZONE o.time_zone)::date < %(after)s
GROUP BY a.organisation_id, day, a.dimensions
HAVING sum(a.event_count) <> 0 OR sum(a.total) <> 0
