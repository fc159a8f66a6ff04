-- Puts the stage into the ledger. Answers (batch_id, positions that were inserted); what is missing there was refused
-- by the unique key: a duplicate of an event received in the same month.
--
-- Rows go in by key: two workers with the same events wait for one another instead of deadlocking.
--
-- %(counted_on)s      the UTC day of counting
-- %(received_month)s  the month of receipt of all staged batches, and with it the partition
WITH fresh AS (
    INSERT INTO events_usageevent (organisation_id, project_id, metric_id, event_id, kind, quantity, occurred_at,
        received_at, received_month, hour, counted_in, counted_on, is_late, dimensions, metadata, batch_id,
        "position")
    SELECT organisation_id, project_id, metric_id, event_id, 'usage', quantity, occurred_at,
        received_at, %(received_month)s, hour, counted_in, %(counted_on)s, is_late, dimensions, metadata, batch_id,
        "position"
    FROM ({{ events/services/settling/sql/staged.sql }}) staged
    ORDER BY event_id, project_id
    ON CONFLICT DO NOTHING
    RETURNING batch_id, "position"
)
SELECT batch_id, array_agg("position") FROM fresh GROUP BY batch_id
