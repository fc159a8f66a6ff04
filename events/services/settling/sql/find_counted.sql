-- Which staged events the ledger has already: (batch, position, event_id, whether it is this very event, whether the two
-- copies differ). This very event: under its own batch and position, put there by a settling whose verdict was lost.
--
-- A time of occurrence equal to the time of receipt was not sent: then the two copies may differ in it.
-- Citus lets a local table meet a distributed one only like this: the stage MATERIALIZED first, then joined.
--
-- %(months)s                      months of receipt to look in
-- %(window)s                      how far apart two copies may have been received to count as one event
-- %(only)s, %(only_positions)s    batch numbers and positions to ask about; NULL: all of the stage
WITH staged AS MATERIALIZED ({{ events/services/settling/sql/staged.sql }})
SELECT s.batch, s."position", s.event_id, l.batch_id = s.batch_id AND l."position" = s."position",
    s.metric_id <> l.metric_id OR s.quantity <> l.quantity OR s.metadata IS DISTINCT FROM l.metadata
    OR (s.occurred_at <> l.occurred_at AND s.occurred_at <> s.received_at AND l.occurred_at <> l.received_at)
FROM staged s
JOIN events_usageevent l USING (organisation_id, project_id, event_id)
WHERE l.received_month = ANY (%(months)s)
    AND l.received_at BETWEEN s.received_at - %(window)s AND s.received_at + %(window)s
    AND (%(only)s::int[] IS NULL OR (s.batch, s."position") IN (
        SELECT * FROM unnest(%(only)s::int[], %(only_positions)s::int[])))
