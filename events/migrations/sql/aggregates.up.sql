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
    latest numeric(28, 8)[],
    dimensions jsonb NOT NULL,
    CONSTRAINT usage_aggregate_key
        UNIQUE (organisation_id, project_id, metric_id, dimensions, hour, counted_in)
) WITH (fillfactor = 50);

ALTER SEQUENCE events_usageaggregate_id_seq OWNED BY events_usageaggregate.id;

CREATE INDEX usage_aggregate_id ON events_usageaggregate (id);
CREATE INDEX usage_aggregate_month ON events_usageaggregate (organisation_id, counted_in, hour);
