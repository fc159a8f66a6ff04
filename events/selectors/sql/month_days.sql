-- How many events the aggregates count in a billing month, by customer, mode of the project, metric, dimensions and the
-- local day of use: (organisation, whether of a test project, metric's name, unit, dimensions, day, events).
--
-- %(month)s          the billing month
-- %(organisations)s  whose; NULL: everybody's
SELECT a.organisation_id, p.mode <> 'live' AS of_test_project, m.name, m.unit, a.dimensions::text,
    (a.hour AT TIME ZONE o.time_zone)::date AS day, sum(a.event_count)::bigint
FROM events_usageaggregate a
JOIN organisations_organisation o ON o.id = a.organisation_id
JOIN organisations_project p ON p.id = a.project_id
JOIN events_metric m ON m.id = a.metric_id
WHERE a.counted_in = %(month)s
    AND (%(organisations)s::uuid[] IS NULL OR a.organisation_id = ANY (%(organisations)s::uuid[]))
GROUP BY a.organisation_id, of_test_project, m.name, m.unit, a.dimensions::text, day
