-- How much of a metric was used in spans of time, for many questions at once: (number, quantity). Nothing for a span
-- without usage. A quantity is worked out meter by meter, then added up, as in the usage explorer.
--
-- Arrays of one length, one entry for each question:
-- %(numbers)s                  its number
-- %(organisations)s            whose usage
-- %(projects)s                 of one project, test or live; NULL: of all live ones
-- %(metrics)s, %(sorts)s       of which metric, and how it is aggregated: not `unique`, and no level
-- %(firsts)s, %(afters)s       hours, half-open
-- the others:
-- %(owners)s                   all organisations once: a join alone does not tell Citus where to look
-- %(months)s                   billing months that the usage may be counted in: the index has them first
WITH counting AS MATERIALIZED (
    SELECT id, mode FROM organisations_project WHERE organisation_id = ANY (%(owners)s::uuid[])
),
asked AS MATERIALIZED (
    SELECT * FROM unnest(%(numbers)s::int[], %(organisations)s::uuid[], %(projects)s::uuid[], %(metrics)s::uuid[],
        %(sorts)s::text[], %(firsts)s::timestamptz[], %(afters)s::timestamptz[])
        AS asked (number, organisation_id, wanted, metric_id, sort, first, after)
),
spans AS MATERIALIZED (
    SELECT DISTINCT organisation_id, first, after FROM asked  -- the index finds hours of all metrics: read once
),
meters AS MATERIALIZED (
    SELECT a.organisation_id, spans.first, spans.after, a.metric_id, a.project_id, sum(a.total) AS total,
        sum(a.event_count) AS event_count, max(a.maximum) AS maximum, events_newest(a.latest) AS latest
    FROM spans
    JOIN events_usageaggregate a ON a.organisation_id = spans.organisation_id
        AND a.hour >= spans.first AND a.hour < spans.after
    WHERE a.organisation_id = ANY (%(owners)s::uuid[]) AND a.counted_in = ANY (%(months)s::date[])
        AND a.metric_id = ANY (%(metrics)s::uuid[])
    GROUP BY a.organisation_id, spans.first, spans.after, a.metric_id, a.project_id, a.dimensions
)
SELECT number, sum(CASE sort WHEN 'sum' THEN total WHEN 'count' THEN event_count WHEN 'max' THEN coalesce(maximum, 0)
    WHEN 'latest' THEN coalesce((latest).value, 0) ELSE 0 END)::numeric
FROM asked
JOIN meters USING (organisation_id, first, after, metric_id)
JOIN counting p ON p.id = project_id
WHERE CASE WHEN wanted IS NULL THEN p.mode = 'live' ELSE p.id = wanted END
GROUP BY number
