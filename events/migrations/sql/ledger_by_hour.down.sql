DROP INDEX usage_event_hour;
