-- What the ledger has under the ids of the rest: from another batch or position, or with other contents.
--
-- Within the month of receipt the unique key refuses a second copy however long ago the first one came; in other
-- months only copies within the deduplication window count as the same event.
--
-- %(month)s, %(months)s  the month of receipt, and all months that the window reaches
-- %(window)s             the deduplication window; the others as in accepted_rest.sql
WITH staged AS MATERIALIZED ({{ events/services/proof/sql/accepted_rest.sql }})
SELECT s.batch, s."position", l.batch_id, l."position", l.quantity::text, m.name, m.unit, l.occurred_at,
    l.received_at, l.metadata::text
FROM staged s
JOIN events_usageevent l USING (organisation_id, project_id, event_id)
JOIN events_metric m ON m.id = l.metric_id
WHERE l.received_month = ANY (%(months)s) AND l.kind = 'usage'
    AND (l.received_month = %(month)s
         OR l.received_at BETWEEN s.received_at - %(window)s AND s.received_at + %(window)s)
