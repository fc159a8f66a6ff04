-- The accepted events of a few batches, to be compared with what the ledger counted. Emptied by each commit.
CREATE TEMPORARY TABLE IF NOT EXISTS events_verification (
    batch integer, "position" integer, event_id varchar(255) COLLATE "C", metric_name text, unit text,
    quantity numeric(28, 8), occurred_at timestamptz, metadata jsonb
) ON COMMIT DELETE ROWS
