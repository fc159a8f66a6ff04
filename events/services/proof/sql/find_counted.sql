-- Which accepted events the ledger has under their own batch and position, saying the same: (batch, positions).
--
-- %(month)s  the month of receipt of all batches; the others as in accepted.sql
WITH staged AS MATERIALIZED ({{ events/services/proof/sql/accepted.sql }})
SELECT s.batch, array_agg(s."position")
FROM staged s
JOIN events_usageevent l USING (organisation_id, project_id, event_id)
JOIN events_metric m ON m.id = l.metric_id
WHERE l.received_month = %(month)s AND l.kind = 'usage'
    AND l.batch_id = s.batch_id AND l."position" = s."position" AND l.received_at = s.received_at
    AND l.quantity = s.quantity AND l.occurred_at = s.occurred_at AND l.metadata IS NOT DISTINCT FROM s.metadata
    AND m.name = s.metric_name AND m.unit = s.unit
    AND (m.organisation_id IS NULL OR m.organisation_id = s.organisation_id)
GROUP BY s.batch
