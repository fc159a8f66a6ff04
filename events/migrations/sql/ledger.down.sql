DROP TABLE events_usageevent;
DROP FUNCTION events_refuse_change();
