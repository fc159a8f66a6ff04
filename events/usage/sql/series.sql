-- What a row is split by, as JSON: in JSON a dimension that was not sent (null) differs from one that was sent empty.
--
-- %(split)s      empty, "project", "metric", or "dimension:…"
-- %(split_key)s  the dimension's key
CASE WHEN %(split)s = '' THEN 'null'::jsonb WHEN %(split)s = 'project' THEN to_jsonb(project_id)
    WHEN %(split)s = 'metric' THEN to_jsonb(metric_id)
    ELSE coalesce(dimensions -> %(split_key)s, 'null') END
