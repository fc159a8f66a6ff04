-- Adds the rows of months that have none, open.
--
-- %(organisation_ids)s, %(months)s  arrays of one length
INSERT INTO events_usageperiod (id, created_at, updated_at, organisation_id, month, closed_by)
SELECT gen_random_uuid(), now(), now(), organisation_id, month, ''
FROM unnest(%(organisation_ids)s::uuid[], %(months)s::date[]) AS wanted (organisation_id, month)
ORDER BY organisation_id, month
ON CONFLICT (organisation_id, month) DO NOTHING
