-- From an hour to its events. Usage arrives about when it happens, so a block range holds few hours; several intervals
-- per range (multi) keep one late event from widening it to months. An insert pays next to nothing for it.
CREATE INDEX usage_event_hour ON events_usageevent
    USING brin (hour timestamptz_minmax_multi_ops) WITH (pages_per_range = 64, autosummarize = on);
