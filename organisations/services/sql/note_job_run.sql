-- Adds one run to its job's day, and says whether it was the first of that day.
--
-- %(task)s, %(day)s                  whose day
-- %(failed)s, %(problem)s, %(at)s    1 or 0, why, and when it ended
-- %(milliseconds)s                   how long it took
INSERT INTO organisations_jobday AS d (task, day, ran, failed, longest_ms, last_run_at, last_failed_at, last_problem)
VALUES (%(task)s, %(day)s, 1, %(failed)s, %(milliseconds)s, %(at)s,
    CASE WHEN %(failed)s = 1 THEN %(at)s::timestamptz END, %(problem)s)
ON CONFLICT (task, day) DO UPDATE
    SET ran = d.ran + 1, failed = d.failed + excluded.failed,
        longest_ms = greatest(d.longest_ms, excluded.longest_ms),
        last_run_at = greatest(d.last_run_at, excluded.last_run_at),
        last_failed_at = coalesce(excluded.last_failed_at, d.last_failed_at),
        last_problem = CASE WHEN excluded.failed = 1 THEN excluded.last_problem ELSE d.last_problem END
RETURNING d.ran = 1
