-- On which UTC days that was used which was received within some time: (day).
--
-- %(organisation)s                    whose usage; NULL: everybody's
-- %(received_months)s                 the months of receipt: the partitions
-- %(received_from)s, %(received_to)s  when it was received, half-open
SELECT DISTINCT (hour AT TIME ZONE 'UTC')::date
FROM events_usageevent
WHERE received_month = ANY (%(received_months)s)
    AND received_at >= %(received_from)s AND received_at < %(received_to)s
    AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s)
ORDER BY 1
