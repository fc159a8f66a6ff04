-- The events of one chunk, on their way into ledger and aggregates. Emptied by each commit.
--
-- batch, series, slot  numbers: of the batch, of the meter (organisation, project, metric, dimensions) and of the hour
--                      with its billing month. Python knows what they stand for; see staged_batches.sql and the two
--                      files beside it. Grouping by numbers is quicker than by UUIDs and JSON.
CREATE TEMPORARY TABLE IF NOT EXISTS events_stage (
    batch integer, "position" integer, series integer, slot integer,
    event_id varchar(255) COLLATE "C", quantity numeric(28, 8), occurred_at timestamptz, metadata jsonb
) ON COMMIT DELETE ROWS
