-- For whom prices for all customers may hold, of the customers that have an endpoint which hears of prices: pairs
-- (rule, organisation). Not where prices of the customer's own, for the same usage, hold on all of the days.
-- %(rules)s: the rules; %(type)s: the type of event
SELECT rule.id, o.id
FROM invoicing_pricingrule rule
JOIN organisations_organisation o ON o.is_active AND (o.currency = rule.currency OR rule.may_be_exchanged)
WHERE rule.id = ANY (%(rules)s::uuid[])
    AND rule.organisation_id IS NULL
    AND EXISTS (
        SELECT
        FROM organisations_webhookendpoint e
        WHERE e.organisation_id = o.id AND (e.event_types = '[]'::jsonb OR e.event_types ? %(type)s::text)
    )
    AND NOT coalesce((
        SELECT range_agg(daterange(own.effective_from, own.effective_to))
            @> daterange(rule.effective_from, rule.effective_to)
        FROM invoicing_pricingrule own
        WHERE own.organisation_id = o.id AND own.metric_name = rule.metric_name AND own.unit = rule.unit
            AND own.dimensions = rule.dimensions AND (own.currency = o.currency OR own.may_be_exchanged)
    ), false)
ORDER BY rule.id, o.id
