-- The change of an event `l` times the microseconds from it to the end of its hour: exact, and additive.
{{ events/sql_fragments/change.sql }} * extract(epoch FROM l.hour + interval '1 hour' - l.occurred_at) * 1000000
