-- The key begins with the meter and its month: counting the different values of a month is one range of the index.
CREATE TABLE events_usagedistinct (
    event_count bigint NOT NULL,
    hour timestamptz NOT NULL,
    counted_in date NOT NULL,
    organisation_id uuid NOT NULL,
    project_id uuid NOT NULL,
    metric_id uuid NOT NULL,
    dimensions jsonb NOT NULL,
    value varchar(200) COLLATE "C" NOT NULL,
    CONSTRAINT usage_distinct_key
        PRIMARY KEY (organisation_id, project_id, metric_id, dimensions, counted_in, value, hour)
) WITH (fillfactor = 80);
