-- The ledger, one partition per UTC month of receipt. Columns go from wide to narrow alignment: no padding.
-- No foreign keys: they would cost each row four look-ups; what they would protect is never deleted.
CREATE SEQUENCE events_usageevent_id_seq CACHE 100;

CREATE TABLE events_usageevent (
    id bigint NOT NULL DEFAULT nextval('events_usageevent_id_seq'),
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    hour timestamptz NOT NULL,
    received_month date NOT NULL,
    counted_in date NOT NULL,
    counted_on date NOT NULL,
    "position" integer NOT NULL,
    organisation_id uuid NOT NULL,
    project_id uuid NOT NULL,
    metric_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    is_late boolean NOT NULL,
    kind varchar(11) NOT NULL,
    event_id varchar(255) COLLATE "C" NOT NULL,
    quantity numeric(28, 8) NOT NULL,
    dimensions jsonb NOT NULL,
    metadata jsonb,
    CONSTRAINT usage_event_once UNIQUE (organisation_id, project_id, event_id, received_month)
) PARTITION BY RANGE (received_month);

ALTER SEQUENCE events_usageevent_id_seq OWNED BY events_usageevent.id;

CREATE INDEX usage_event_id ON events_usageevent USING brin (id);

-- From an hour to its events. Usage arrives about when it happens, so a block range holds few hours; several intervals
-- per range (multi) keep one late event from widening it to months. An insert pays next to nothing for it.
CREATE INDEX usage_event_hour ON events_usageevent
    USING brin (hour timestamptz_minmax_multi_ops) WITH (pages_per_range = 64, autosummarize = on);

-- From a day of the hot log to what the ledger counted of it, when the two are compared. As by hour: a block range holds
-- few moments of receipt, and several intervals per range keep a batch settled late from widening it to months.
CREATE INDEX usage_event_receipt ON events_usageevent
    USING brin (received_at timestamptz_minmax_multi_ops) WITH (pages_per_range = 64, autosummarize = on);

-- From a UTC day of counting to its rows, for the day's statement. Rows are only ever added, so that a partition is almost
-- in this order.
CREATE INDEX usage_event_counted_on ON events_usageevent
    USING brin (counted_on) WITH (pages_per_range = 64, autosummarize = on);

CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The usage ledger is append-only: % on % is refused. Correct usage with a reversing entry.',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON events_usageevent
    FOR EACH ROW EXECUTE FUNCTION events_refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON events_usageevent
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse_change();
