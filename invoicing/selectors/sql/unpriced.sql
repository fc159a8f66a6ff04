-- Usage of each customer's current month that no price covers: (organisation_id, metric_id, total, event_count).
--
-- A level is usage of the month that it is carried into; its total is what it stands at by now.
--
-- By metric, dimensions and local day. It is the question that rating answers for one customer, for all at once: a rule
-- covers a day if it is the customer's own or a default, in the customer's currency or to be exchanged into it, and
-- names no dimension that the usage lacks.
--
-- Most metrics have one price for whatever happens in the month. Only usage of the others is read, and usage of days
-- outside the month, which came late or before the customer's time zone was changed.
--
-- %(customers)s  organisations
-- %(now)s        the month is the one it is now where the customer is
WITH customers AS MATERIALIZED (
    SELECT id, currency, time_zone, month::date AS first, (month + interval '1 month')::date AS after,
        month AT TIME ZONE time_zone AS began, (month + interval '1 month') AT TIME ZONE time_zone AS ends
    FROM organisations_organisation, LATERAL date_trunc('month', %(now)s AT TIME ZONE time_zone) AS month
    WHERE id = ANY (%(customers)s)
), whole_months AS MATERIALIZED (
    SELECT rule.organisation_id, rule.metric_name, rule.unit, month.currency, month.first
    FROM (SELECT DISTINCT currency, first, after FROM customers) AS month
    JOIN invoicing_pricingrule rule ON (rule.currency = month.currency OR rule.may_be_exchanged)
      AND rule.dimensions = '{}' AND rule.effective_from <= month.first
      AND (rule.effective_to IS NULL OR rule.effective_to >= month.after)
), known AS (
    SELECT customer.id AS organisation_id, customer.currency, customer.first, metric.id, metric.name, metric.unit
    FROM customers customer JOIN events_metric metric ON metric.organisation_id = customer.id
    UNION ALL
    SELECT customer.id, customer.currency, customer.first, metric.id, metric.name, metric.unit
    FROM customers customer CROSS JOIN events_metric metric
    WHERE metric.organisation_id IS NULL
), open_metrics AS (
    SELECT metric.organisation_id, array_agg(metric.id) AS ids
    FROM known metric
    WHERE NOT EXISTS (
        SELECT FROM whole_months covered
        WHERE covered.organisation_id IS NULL AND (covered.metric_name, covered.unit) = (metric.name, metric.unit)
          AND (covered.currency, covered.first) = (metric.currency, metric.first)
    ) AND NOT EXISTS (
        SELECT FROM whole_months covered
        WHERE covered.organisation_id = metric.organisation_id
          AND (covered.metric_name, covered.unit) = (metric.name, metric.unit)
          AND (covered.currency, covered.first) = (metric.currency, metric.first)
    )
    GROUP BY metric.organisation_id
), used AS (
    SELECT customer.id AS organisation_id, customer.currency, metric_id, dimensions, day,
        sum(total) AS total, sum(event_count)::bigint AS event_count
    FROM customers customer
    LEFT JOIN open_metrics ON open_metrics.organisation_id = customer.id
    CROSS JOIN LATERAL (
        SELECT project_id, metric_id, dimensions, (hour AT TIME ZONE customer.time_zone)::date AS day, total, event_count
        FROM events_usageaggregate
        WHERE organisation_id = customer.id AND counted_in = customer.first AND hour < customer.began
        UNION ALL
        SELECT project_id, metric_id, dimensions, (hour AT TIME ZONE customer.time_zone)::date, total, event_count
        FROM events_usageaggregate
        WHERE organisation_id = customer.id AND counted_in = customer.first
          AND hour >= CASE WHEN open_metrics.ids IS NULL THEN customer.ends ELSE customer.began END
          AND (hour >= customer.ends OR metric_id = ANY (open_metrics.ids))
        UNION ALL
        SELECT project_id, metric_id, dimensions, customer.first, change, 0
        FROM events_usagelevel
        WHERE organisation_id = customer.id AND metric_id = ANY (open_metrics.ids)
          AND used_in < customer.first AND counted_in < customer.first
    ) AS hours
    WHERE project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
    GROUP BY customer.id, customer.currency, metric_id, dimensions, day
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
