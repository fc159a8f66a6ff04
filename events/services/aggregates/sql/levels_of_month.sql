-- The condition that a row of events_usagelevel is of the month that is rebuilt. Parameters: those of
-- levels_from_aggregates.sql.
organisation_id = %(organisation)s AND counted_in = %(month)s AND (%(metric)s::uuid IS NULL OR metric_id = %(metric)s)
