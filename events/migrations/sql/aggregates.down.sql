DROP TABLE events_usageaggregate;
