DROP TABLE events_eventbatch;
