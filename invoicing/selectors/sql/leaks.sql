-- Usage that no price covers, by customer, metric and month of use:
-- (organisation_id, metric_id, month, total, event_count, whether an issued invoice counts any of it).
--
-- As unpriced.sql, for all months of a span; what a default in the customer's currency prices whatever its dimensions is
-- left out before anything is added up: on most platforms that is nearly all usage. A level that is carried into a month
-- stands with a total of 0: how much that makes is to be integrated.
--
-- %(customers)s             organisations, written as PostgreSQL writes an array
-- %(first)s, %(after)s      the first days of the first month, and of the one after the last
-- %(metric_name)s           of metrics with this name; NULL: of all
WITH customer AS MATERIALIZED (
    SELECT id, currency, time_zone FROM organisations_organisation WHERE id = ANY (%(customers)s)
),
metric AS MATERIALIZED (
    SELECT id, name, unit, aggregation FROM events_metric WHERE %(metric_name)s::text IS NULL OR name = %(metric_name)s
),
default_price AS MATERIALIZED (
    SELECT metric.id AS metric_id, rule.currency, rule.effective_from, coalesce(rule.effective_to, 'infinity') AS effective_to
    FROM invoicing_pricingrule rule JOIN events_metric metric ON metric.name = rule.metric_name AND metric.unit = rule.unit
    WHERE rule.organisation_id IS NULL AND rule.dimensions = '{}'
),
perhaps_unpriced AS MATERIALIZED (
    -- not those that such a price covers in the whole span: their usage is not even read
    SELECT metric.id AS metric_id, of_customers.currency
    FROM metric CROSS JOIN (SELECT DISTINCT currency FROM customer) of_customers
    WHERE NOT EXISTS (
        SELECT FROM default_price price
        WHERE price.metric_id = metric.id AND price.currency = of_customers.currency
            AND price.effective_from <= %(first)s AND price.effective_to >= %(after)s
    )
),
used AS MATERIALIZED (
    SELECT customer.id AS organisation_id, customer.currency, a.metric_id, a.dimensions, a.counted_in,
        (a.hour AT TIME ZONE customer.time_zone)::date AS day, sum(a.total) AS total,
        sum(a.event_count)::bigint AS event_count
    FROM perhaps_unpriced JOIN customer USING (currency)
    JOIN events_usageaggregate a ON a.organisation_id = customer.id AND a.metric_id = perhaps_unpriced.metric_id
    WHERE a.organisation_id = ANY (%(customers)s) AND a.counted_in >= %(first)s
        AND a.project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
        AND (a.hour AT TIME ZONE customer.time_zone)::date >= %(first)s
        AND (a.hour AT TIME ZONE customer.time_zone)::date < %(after)s
        AND NOT EXISTS (
            SELECT FROM default_price price
            WHERE price.metric_id = a.metric_id AND price.currency = customer.currency
                AND (a.hour AT TIME ZONE customer.time_zone)::date >= price.effective_from
                AND (a.hour AT TIME ZONE customer.time_zone)::date < price.effective_to
        )
    GROUP BY customer.id, customer.currency, a.metric_id, a.dimensions, a.counted_in, day
    UNION ALL
    SELECT DISTINCT customer.id, customer.currency, carried.metric_id, carried.dimensions, carried_into::date,
        carried_into::date, 0::numeric, 0::bigint
    FROM customer JOIN events_usagelevel carried ON carried.organisation_id = customer.id
    CROSS JOIN generate_series(%(first)s::date, %(after)s::date - 1, interval '1 month') AS carried_into
    WHERE carried.organisation_id = ANY (%(customers)s) AND carried.used_in < carried_into
        AND carried.project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
        AND carried.metric_id IN (SELECT id FROM metric)
)
SELECT used.organisation_id, metric.id, date_trunc('month', used.day)::date, sum(used.total),
    sum(used.event_count)::bigint, bool_or(EXISTS (
        SELECT FROM invoicing_invoice invoice
        WHERE invoice.organisation_id = used.organisation_id AND invoice.period_start = used.counted_in
            AND invoice.number <> '' AND invoice.status <> 'void' AND NOT invoice.is_released
    ))
FROM used JOIN metric ON metric.id = used.metric_id
WHERE NOT EXISTS (
    SELECT FROM invoicing_pricingrule rule
    WHERE (rule.organisation_id = used.organisation_id OR rule.organisation_id IS NULL)
        AND rule.metric_name = metric.name AND rule.unit = metric.unit
        AND (rule.currency = used.currency OR rule.may_be_exchanged) AND rule.dimensions <@ used.dimensions
        AND rule.effective_from <= used.day AND (rule.effective_to IS NULL OR used.day < rule.effective_to)
)
GROUP BY used.organisation_id, metric.id, date_trunc('month', used.day)::date
HAVING sum(used.event_count) > 0 OR bool_or(metric.aggregation = 'weighted_sum')
