-- Accepts requests: a row of the hot log for each, as many at once as threads happen to bring (see accepting.py).
--
-- {{ rows }}  a VALUES list: id, organisation, project, received at, number of events, the packed events, six times a %b
INSERT INTO events_eventbatch (id, organisation_id, project_id, received_at, event_count, packed_events, status,
    counted, duplicates, dead_lettered, conflicts, conflict_ids, attempts, last_failure)
VALUES {{ rows }}
