DROP TABLE events_usageaggregate;
DROP AGGREGATE events_newest(events_reading);
DROP FUNCTION events_newer(events_reading, events_reading);
DROP TYPE events_reading;
