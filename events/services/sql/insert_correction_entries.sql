-- Writes a correction's entries: the reversal and perhaps a replacement of one ledger entry.
--
-- Copied from that entry by the database, so that metadata keeps every digit of its numbers.
--
-- %(event_ids)s, %(kinds)s, %(quantities)s             the new entries, arrays of one length
-- %(counted_in)s, %(is_late)s                          the billing month they count in
-- %(counted_on)s                                       the UTC day on which they are written
-- %(correction_id)s                                    takes the place of the batch
-- %(organisation_id)s, %(project_id)s, %(cancelled_event_id)s, %(cancelled_received_month)s  the entry that is cancelled
INSERT INTO events_usageevent (organisation_id, project_id, metric_id, event_id, kind, quantity, occurred_at,
    received_at, received_month, hour, counted_in, counted_on, is_late, dimensions, metadata, batch_id, "position")
SELECT c.organisation_id, c.project_id, c.metric_id, e.event_id, e.kind, e.quantity, c.occurred_at,
    c.received_at, c.received_month, c.hour, %(counted_in)s, %(counted_on)s, %(is_late)s, c.dimensions,
    c.metadata, %(correction_id)s, c."position"
FROM events_usageevent c
CROSS JOIN unnest(%(event_ids)s::varchar[], %(kinds)s::varchar[], %(quantities)s::numeric[])
    AS e (event_id, kind, quantity)
WHERE (c.organisation_id, c.project_id, c.event_id, c.received_month)
    = (%(organisation_id)s, %(project_id)s, %(cancelled_event_id)s, %(cancelled_received_month)s)
