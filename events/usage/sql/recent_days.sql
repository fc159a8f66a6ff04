-- Events of live projects by customer and by how many days ago they happened, on each customer's own calendar.
--
-- %(customers)s          organisations
-- %(now)s, %(days)s      today is where the customer is now; so many days back, today included
-- %(since)s, %(month)s   an hour and a billing month that nothing wanted lies before: they let PostgreSQL use the index
SELECT counted.organisation_id, today.day - counted.day AS days_ago, sum(counted.event_count)::bigint
FROM organisations_organisation customer
CROSS JOIN LATERAL (SELECT (%(now)s AT TIME ZONE customer.time_zone)::date AS day) AS today
JOIN LATERAL (
    SELECT organisation_id, (hour AT TIME ZONE customer.time_zone)::date AS day, event_count
    FROM events_usageaggregate
    WHERE organisation_id = customer.id AND hour >= %(since)s AND counted_in >= %(month)s
      AND project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
) AS counted ON counted.day > today.day - %(days)s AND counted.day <= today.day
WHERE customer.id = ANY (%(customers)s)
GROUP BY 1, 2
