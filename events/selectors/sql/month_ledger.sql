-- The ledger's entries that were received in a month, or are counted in it, by customer and kind:
-- (organisation, kind, received in it, counted in it, entries).
--
-- %(month)s                              its first day: the month of receipt is UTC's, the billing month the customer's
-- %(counted_from)s, %(counted_before)s   UTC days between which anything can have been counted in it, half-open: finds
--                                        through BRIN what other months of receipt hold of it
-- %(organisations)s                      whose; NULL: everybody's
SELECT organisation_id, kind, true, counted_in = %(month)s AS is_counted_here, count(*)
FROM events_usageevent
WHERE received_month = %(month)s
    AND (%(organisations)s::uuid[] IS NULL OR organisation_id = ANY (%(organisations)s::uuid[]))
GROUP BY organisation_id, kind, is_counted_here
UNION ALL
SELECT organisation_id, kind, false, true, count(*)
FROM events_usageevent
WHERE received_month <> %(month)s AND counted_in = %(month)s
    AND counted_on >= %(counted_from)s AND counted_on < %(counted_before)s
    AND (%(organisations)s::uuid[] IS NULL OR organisation_id = ANY (%(organisations)s::uuid[]))
GROUP BY organisation_id, kind
