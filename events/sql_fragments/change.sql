-- What an event `l` of a `weighted_sum` metric changes the level by: its value, or with `remove` the value taken off.
CASE l.metadata ->> 'operation' WHEN 'remove' THEN -l.quantity ELSE l.quantity END
