-- Which events that can't be counted have an id that was counted already: (batch, event_id).
--
-- %(batch)s, %(organisation_id)s, %(project_id)s, %(event_id)s, %(received_at)s  the events, arrays of one length
-- %(months)s, %(window)s                                                         as in find_counted.sql
WITH dead AS MATERIALIZED (
    SELECT batch, organisation_id, project_id, event_id COLLATE "C" AS event_id, received_at
    FROM unnest(%(batch)s::int[], %(organisation_id)s::uuid[], %(project_id)s::uuid[], %(event_id)s::varchar[],
        %(received_at)s::timestamptz[]) AS d (batch, organisation_id, project_id, event_id, received_at)
)
SELECT DISTINCT d.batch, d.event_id
FROM dead d
JOIN events_usageevent l USING (organisation_id, project_id, event_id)
WHERE l.received_month = ANY (%(months)s)
    AND l.received_at BETWEEN d.received_at - %(window)s AND d.received_at + %(window)s
