DROP TABLE events_usagedistinct;
