-- Joins to the stage what the numbers of series stand for; see staged_batches.sql.
--
-- %(series_number)s, %(organisation_id)s, %(project_id)s, %(metric_id)s, %(dimensions)s  arrays of one length
LEFT JOIN unnest(%(series_number)s::int[], %(organisation_id)s::uuid[], %(project_id)s::uuid[],
    %(metric_id)s::uuid[], %(dimensions)s::jsonb[])
    AS series (series, organisation_id, project_id, metric_id, dimensions) USING (series)
