-- The leaves of a day's ledger entries: (organisation_id, key, label, leaf). docs/proof.md has the form of the leaf, which
-- never changes: a change would be a new form, of later statements.
--
-- %(day)s           the UTC day on which they were counted
-- %(organisation)s  of one customer; NULL: of all
SELECT organisation_id, id AS key,
    json_build_array('event', id::text, organisation_id, project_id, metric_id, event_id, kind, quantity::text,
        occurred_at AT TIME ZONE 'UTC', received_at AT TIME ZONE 'UTC', hour AT TIME ZONE 'UTC', counted_in, counted_on,
        is_late, dimensions, metadata, batch_id, "position"::text)::text AS leaf,
    'event ' || event_id || ' (entry ' || id || ', batch ' || batch_id || ', position ' || "position" || ')' AS label
FROM events_usageevent
WHERE counted_on = %(day)s AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s)
