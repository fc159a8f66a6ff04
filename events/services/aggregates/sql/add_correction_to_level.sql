-- Adds a correction's entries of a `weighted_sum` metric to what their month changes the level by.
--
-- Parameters: those of entries_of_correction.sql.
INSERT INTO events_usagelevel AS v ({{ events/sql_fragments/level_key.sql }}, change)
SELECT {{ events/sql_fragments/level_key.sql }}, sum(change)
FROM (
    SELECT l.*, {{ events/sql_fragments/change.sql }} AS change,
        (date_trunc('month', l.hour AT TIME ZONE %(zone)s))::date AS used_in
    {{ events/services/aggregates/sql/entries_of_correction.sql }}
) l
GROUP BY {{ events/sql_fragments/level_key.sql }}
{{ events/sql_fragments/add_to_level.sql }}
