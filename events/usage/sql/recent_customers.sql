-- Events of live projects by customer, of so many days on the customer's own calendar: (organisation_id, events).
--
-- %(customers)s          organisations
-- %(now)s, %(days)s      today is where the customer is now; so many days back, today included
-- %(since)s, %(month)s   an hour and a billing month that nothing wanted lies before: they let PostgreSQL use the index
WITH customer AS MATERIALIZED (
    SELECT id, (today - %(days)s + 1)::timestamp AT TIME ZONE time_zone AS since,
        (today + 1)::timestamp AT TIME ZONE time_zone AS until
    FROM organisations_organisation, LATERAL (SELECT (%(now)s AT TIME ZONE time_zone)::date AS today) AS clock
    WHERE id = ANY (%(customers)s)
)
SELECT customer.id, sum(usage.event_count)::bigint
FROM customer
JOIN events_usageaggregate usage ON usage.organisation_id = customer.id
WHERE usage.hour >= %(since)s AND usage.counted_in >= %(month)s
  AND usage.hour >= customer.since AND usage.hour < customer.until
  AND usage.project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
GROUP BY customer.id
