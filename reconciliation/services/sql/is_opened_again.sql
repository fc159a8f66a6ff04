-- Whether a discrepancy `d` that is found once more waits for a person again.
(d.state IN ('repaired', 'gone')
    OR (d.state = 'written_off' AND (d.expected, d.found) IS DISTINCT FROM (excluded.expected, excluded.found)))
