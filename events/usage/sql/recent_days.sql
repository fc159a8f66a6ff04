-- Events of live projects by how many days ago they happened, on each customer's own calendar: (days_ago, events).
-- Added up by hour first: what day an hour is in is asked once for each time zone, and not for each row.
--
-- %(customers)s          organisations
-- %(now)s                today is where the customer is now
-- %(since)s, %(month)s   an hour and a billing month that nothing wanted lies before: they let PostgreSQL use the index.
--                        What they let through beside is the caller's to leave out
SELECT (%(now)s AT TIME ZONE time_zone)::date - (hour AT TIME ZONE time_zone)::date AS days_ago, sum(events)::bigint
FROM (
    SELECT customer.time_zone, usage.hour, sum(usage.event_count) AS events
    FROM organisations_organisation customer
    JOIN events_usageaggregate usage ON usage.organisation_id = customer.id
    WHERE customer.id = ANY (%(customers)s) AND usage.hour >= %(since)s AND usage.counted_in >= %(month)s
      AND usage.project_id NOT IN (SELECT id FROM organisations_project WHERE mode = 'test')
    GROUP BY customer.time_zone, usage.hour
) AS counted
GROUP BY 1
