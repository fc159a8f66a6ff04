-- Locks months against closing until the transaction ends, and says which of them are closed already:
-- (organisation_id, month, is closed). Months without a row are left out: what isn't there can't be locked.
--
-- %(organisation_ids)s, %(months)s  arrays of one length
SELECT organisation_id, month, closed_at IS NOT NULL
FROM events_usageperiod
WHERE (organisation_id, month) IN (SELECT * FROM unnest(%(organisation_ids)s::uuid[], %(months)s::date[]))
ORDER BY organisation_id, month
FOR SHARE
