-- A FROM … WHERE: the ledger entries `l` that a correction has written, with their metric `m`.
--
-- %(organisation)s, %(project)s, %(correction)s, %(event_ids)s  the ids that the correction's entries may have
FROM events_usageevent l JOIN events_metric m ON m.id = l.metric_id
WHERE l.organisation_id = %(organisation)s AND l.project_id = %(project)s
    AND l.event_id = ANY (%(event_ids)s) AND l.batch_id = %(correction)s
