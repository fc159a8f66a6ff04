-- Which customers have usage of `weighted_sum` metrics in some hours, counted in a billing month: (id, time zone).
--
-- Parameters: those of piece.sql
SELECT DISTINCT a.organisation_id, o.time_zone
FROM (SELECT * FROM events_usageaggregate WHERE {{ events/services/aggregates/sql/piece.sql }}) a
JOIN events_metric m ON m.id = a.metric_id AND m.aggregation = 'weighted_sum'
JOIN organisations_organisation o ON o.id = a.organisation_id
ORDER BY a.organisation_id
