-- Empties a billing month of events_usagelevel. Parameters: those of levels_from_aggregates.sql.
DELETE FROM events_usagelevel WHERE {{ events/services/aggregates/sql/levels_of_month.sql }}
