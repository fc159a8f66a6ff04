-- From a day of the hot log to what the ledger counted of it, when the two are compared. As by hour: a block range holds
-- few moments of receipt, and several intervals per range keep a batch settled late from widening it to months.
CREATE INDEX usage_event_receipt ON events_usageevent
    USING brin (received_at timestamptz_minmax_multi_ops) WITH (pages_per_range = 64, autosummarize = on);
