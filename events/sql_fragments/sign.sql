-- How many events a ledger entry `l` counts for: a reversal takes one away.
CASE l.kind WHEN 'reversal' THEN -1 ELSE 1 END
