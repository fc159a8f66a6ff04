-- Whether a discrepancy `d` that is found once more waits for a person again.
(d.state IN ('repaired', 'gone')
    OR (d.state = 'written_off' AND d.gist <> excluded.gist))
