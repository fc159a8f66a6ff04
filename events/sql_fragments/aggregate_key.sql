-- The columns that tell one row of events_usageaggregate from another; events_usagedistinct adds `value` to them.
organisation_id, project_id, metric_id, dimensions, hour, counted_in
