-- Adds the staged events of `weighted_sum` metrics to what their months change the levels by.
--
-- %(weighted_series)s  numbers of those series
INSERT INTO events_usagelevel AS v ({{ events/sql_fragments/level_key.sql }}, change)
SELECT {{ events/sql_fragments/level_key.sql }}, sum(change)
FROM (
    SELECT series, slot, sum({{ events/sql_fragments/change.sql }}) AS change
    FROM events_stage l WHERE series = ANY (%(weighted_series)s::int[])
    GROUP BY series, slot
) staged
{{ events/services/settling/sql/staged_series.sql }}
{{ events/services/settling/sql/staged_slots.sql }}
GROUP BY {{ events/sql_fragments/level_key.sql }}
ORDER BY {{ events/sql_fragments/level_key.sql }}
{{ events/sql_fragments/add_to_level.sql }}
