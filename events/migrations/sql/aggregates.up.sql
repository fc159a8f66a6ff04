-- What the newest event of a `latest` metric said, and before it what makes it the newest. PostgreSQL compares such
-- values as rows: by when it happened, then by when it was received, then by its place in the batch. So the greater of
-- two readings is the newer, and `greatest` keeps it in one upsert, whichever of two workers comes first.
CREATE TYPE events_reading AS (
    occurred_at timestamptz, received_at timestamptz, "position" integer, value numeric(28, 8)
);

-- PostgreSQL has max() of rows from version 18 on; we need 15.
CREATE FUNCTION events_newer(events_reading, events_reading) RETURNS events_reading
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN greatest($1, $2);

CREATE AGGREGATE events_newest(events_reading) (
    sfunc = events_newer, stype = events_reading, combinefunc = events_newer, parallel = safe
);

-- Half-empty pages leave room for the updates of the current hour to stay on their page.
CREATE SEQUENCE events_usageaggregate_id_seq;

CREATE TABLE events_usageaggregate (
    id bigint NOT NULL DEFAULT nextval('events_usageaggregate_id_seq'),
    hour timestamptz NOT NULL,
    event_count bigint NOT NULL,
    counted_in date NOT NULL,
    organisation_id uuid NOT NULL,
    project_id uuid NOT NULL,
    metric_id uuid NOT NULL,
    total numeric(38, 8) NOT NULL,
    maximum numeric(28, 8),
    latest events_reading,
    weighted numeric(48, 8),
    dimensions jsonb NOT NULL,
    CONSTRAINT usage_aggregate_key
        UNIQUE (organisation_id, project_id, metric_id, dimensions, hour, counted_in)
) WITH (fillfactor = 50);

ALTER SEQUENCE events_usageaggregate_id_seq OWNED BY events_usageaggregate.id;

CREATE INDEX usage_aggregate_id ON events_usageaggregate (id);
CREATE INDEX usage_aggregate_month ON events_usageaggregate (organisation_id, counted_in, hour);
