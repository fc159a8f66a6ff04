-- The columns that tell one row of events_usagelevel from another.
organisation_id, metric_id, project_id, dimensions, used_in, counted_in
