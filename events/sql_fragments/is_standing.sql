-- Whether a ledger entry `l` still counts for maximum and latest: it is no reversal, and no correction cancelled it.
--
-- %(corrected_in)s  billing months whose corrections are heeded, as dates; NULL: all. An aggregate of a closed month
--                   keeps what was true when the month closed, so it heeds the corrections of that month only.
(l.kind <> 'reversal' AND NOT EXISTS (
    SELECT FROM events_usagecorrection c
    WHERE c.organisation_id = l.organisation_id AND c.project_id = l.project_id
        AND c.cancelled_event_id = l.event_id AND c.cancelled_received_month = l.received_month
        AND (%(corrected_in)s::date[] IS NULL OR c.counted_in = ANY (%(corrected_in)s::date[]))
))
