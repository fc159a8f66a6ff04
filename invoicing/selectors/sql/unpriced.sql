-- Usage of each customer's current month that no price covers: (organisation_id, metric_id, total, event_count).
--
-- A level is usage of the month that it is carried into; its total is what it stands at by now.
--
-- By metric, dimensions and local day. It is the question that rating answers for one customer, for all at once: a rule
-- covers a day if it is the customer's own or a default, in the customer's currency or to be exchanged into it, and
-- names no dimension that the usage lacks.
--
-- %(customers)s  organisations
-- %(now)s        the month is the one it is now where the customer is
WITH used AS (
    SELECT customer.id AS organisation_id, customer.currency, metric_id, dimensions, day,
        sum(total) AS total, sum(event_count)::bigint AS event_count
    FROM organisations_organisation customer
    CROSS JOIN LATERAL (
        SELECT metric_id, dimensions, (hour AT TIME ZONE customer.time_zone)::date AS day, total, event_count
        FROM events_usageaggregate
        WHERE organisation_id = customer.id
          AND project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
          AND counted_in = date_trunc('month', %(now)s AT TIME ZONE customer.time_zone)::date
        UNION ALL
        SELECT metric_id, dimensions, date_trunc('month', %(now)s AT TIME ZONE customer.time_zone)::date, change, 0
        FROM events_usagelevel
        WHERE organisation_id = customer.id
          AND project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
          AND used_in < date_trunc('month', %(now)s AT TIME ZONE customer.time_zone)::date
          AND counted_in < date_trunc('month', %(now)s AT TIME ZONE customer.time_zone)::date
    ) AS hours
    WHERE customer.id = ANY (%(customers)s)
    GROUP BY customer.id, metric_id, dimensions, day
)
SELECT used.organisation_id, metric.id, sum(used.total), sum(used.event_count)::bigint
FROM used JOIN events_metric metric ON metric.id = used.metric_id
WHERE NOT EXISTS (
    SELECT FROM invoicing_pricingrule rule
    WHERE (rule.organisation_id = used.organisation_id OR rule.organisation_id IS NULL)
      AND rule.metric_name = metric.name AND rule.unit = metric.unit AND (rule.currency = used.currency OR rule.may_be_exchanged)
      AND rule.dimensions <@ used.dimensions
      AND rule.effective_from <= used.day AND (rule.effective_to IS NULL OR used.day < rule.effective_to)
)
GROUP BY used.organisation_id, metric.id HAVING sum(used.event_count) > 0 OR (metric.aggregation = 'weighted_sum' AND sum(used.total) <> 0)
