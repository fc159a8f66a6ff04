-- Finds maximum and latest of one hour again in the ledger: neither can be corrected by adding.
--
-- All dimensions of the hour at once: they are few, and reading the hour is what takes the time.
--
-- %(organisation)s, %(project)s, %(metric)s
-- %(hour)s, %(month)s   the hour, and the billing month that the correction is counted in
-- %(corrected_in)s      that month in a list: the corrections that are heeded (is_standing.sql)
UPDATE events_usageaggregate a SET maximum = found.maximum, latest = found.latest
FROM (
    SELECT {{ events/sql_fragments/aggregate_key.sql }},
        max(quantity) FILTER (WHERE aggregation = 'max' AND {{ events/sql_fragments/is_standing.sql }}) AS maximum,
        events_newest({{ events/sql_fragments/reading.sql }})
            FILTER (WHERE aggregation = 'latest' AND {{ events/sql_fragments/is_standing.sql }}) AS latest
    FROM (
        SELECT l.*, m.aggregation FROM events_usageevent l JOIN events_metric m ON m.id = l.metric_id
        WHERE l.organisation_id = %(organisation)s AND l.project_id = %(project)s AND l.metric_id = %(metric)s
            AND l.hour = %(hour)s AND l.counted_in = %(month)s
    ) l
    GROUP BY {{ events/sql_fragments/aggregate_key.sql }}
) found
WHERE (a.organisation_id, a.project_id, a.metric_id, a.dimensions, a.hour, a.counted_in)
    = (found.organisation_id, found.project_id, found.metric_id, found.dimensions, found.hour, found.counted_in)
