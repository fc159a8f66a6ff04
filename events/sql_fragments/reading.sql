-- What an event `l` says for a `latest` metric: its value, and before it what decides which of two readings is newer.
ROW(l.occurred_at, l.received_at, l."position", l.quantity)::events_reading
