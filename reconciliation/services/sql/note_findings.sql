-- Notes what a check has found. What is known already is updated, not doubled; it is opened again where it was repaired
-- or gone before the reading began, or where it was written off and says something else now.
--
-- What a reading found that began before the discrepancy was repaired or gone is old, and changes nothing.
--
-- %(check_name)s, %(reads_from)s  the check, and when its reading began
-- %(kinds)s, %(subjects)s, …      arrays of one length; organisations and worths may hold NULL
INSERT INTO reconciliation_discrepancy AS d (id, created_at, updated_at, check_name, kind, subject, about,
    organisation_id, day, expected, found, worth, facts, gist, state, first_seen_at, last_seen_at, times_opened, reason)
SELECT gen_random_uuid(), %(now)s, %(now)s, %(check_name)s, kind, subject, about, organisation_id, day, expected, found,
    worth, facts::jsonb, gist, 'open', %(reads_from)s, %(reads_from)s, 1, ''
FROM unnest(%(kinds)s::text[], %(subjects)s::text[], %(abouts)s::text[], %(organisations)s::uuid[], %(days)s::date[],
    %(expecteds)s::text[], %(founds)s::text[], %(worths)s::numeric[], %(facts)s::text[],
    %(gists)s::text[]) AS finding (kind, subject, about, organisation_id, day, expected, found, worth, facts, gist)
ORDER BY kind, subject
ON CONFLICT (check_name, kind, subject) DO UPDATE SET
    updated_at = excluded.updated_at,
    about = excluded.about,
    organisation_id = excluded.organisation_id,
    day = excluded.day,
    expected = excluded.expected,
    found = excluded.found,
    worth = excluded.worth,
    facts = excluded.facts,
    gist = excluded.gist,
    last_seen_at = excluded.last_seen_at,
    state = CASE WHEN {{ reconciliation/services/sql/is_opened_again.sql }} THEN 'open' ELSE d.state END,
    times_opened = d.times_opened + CASE WHEN {{ reconciliation/services/sql/is_opened_again.sql }} THEN 1 ELSE 0 END,
    gone_at = NULL
WHERE d.last_seen_at <= excluded.last_seen_at
    AND (d.state <> 'gone' OR d.gone_at < excluded.last_seen_at)
    AND (d.state <> 'repaired' OR d.decided_at < excluded.last_seen_at)
