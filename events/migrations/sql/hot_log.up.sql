-- The hot log, one partition per day of receipt. There is no DEFAULT partition: rows in it would block the creation
-- of the very partition they belong to. Partitions are made a week ahead, and at once where one is missing
-- (events.services.partitions).
CREATE TABLE events_eventbatch (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    project_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    event_count integer NOT NULL CHECK (event_count > 0),
    packed_events bytea NOT NULL,
    status varchar(11) NOT NULL,
    counted integer NOT NULL CHECK (counted >= 0),
    duplicates integer NOT NULL CHECK (duplicates >= 0),
    dead_lettered integer NOT NULL CHECK (dead_lettered >= 0),
    conflicts integer NOT NULL CHECK (conflicts >= 0),
    conflict_ids jsonb NOT NULL,
    attempts smallint NOT NULL CHECK (attempts >= 0),
    last_failure text NOT NULL,
    next_attempt_at timestamptz DEFAULT now(),
    settled_at timestamptz,
    is_replay boolean NOT NULL DEFAULT false,
    CONSTRAINT event_batch_conserves_events CHECK (
        status <> 'settled' OR (event_count = counted + duplicates + dead_lettered AND settled_at IS NOT NULL)
    ),
    CONSTRAINT event_batch_known_status CHECK (status IN ('pending', 'settled', 'quarantined')),
    PRIMARY KEY (id, received_at)
) PARTITION BY RANGE (received_at);

-- Compressed already by us: PostgreSQL need not try again.
ALTER TABLE events_eventbatch ALTER COLUMN packed_events SET STORAGE EXTERNAL;

CREATE INDEX event_batch_pending ON events_eventbatch (received_at, id) WHERE status = 'pending';
CREATE INDEX event_batch_unsettled ON events_eventbatch (organisation_id, received_at) WHERE status <> 'settled';
CREATE INDEX event_batch_conflicts ON events_eventbatch (received_at) WHERE conflicts > 0;

-- What came in within the last minutes. Rows are in order of receipt, so a few numbers a range are enough, and an insert
-- pays nothing for them.
CREATE INDEX event_batch_received ON events_eventbatch USING brin (received_at)
    WITH (pages_per_range = 32, autosummarize = on);
