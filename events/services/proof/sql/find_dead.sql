-- Which of the rest have a dead letter: (batch, position). Parameters: those of accepted_rest.sql.
WITH staged AS MATERIALIZED ({{ events/services/proof/sql/accepted_rest.sql }})
SELECT DISTINCT s.batch, s."position"
FROM staged s
JOIN events_deadletter d ON d.organisation_id = s.organisation_id AND d.project_id = s.project_id
    AND d.event_id = s.event_id COLLATE "default"
