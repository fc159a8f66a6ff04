-- Keys were live or test before projects were. A project whose keys are all test becomes a test project. Where live keys
-- use it too, or one of its months is billed already, the test keys move to a new test project of its customer: what
-- was counted stays where it was counted, and from now on test usage is kept apart.
DO $$
DECLARE
    mixed record;
    moved_to uuid;
    new_name text;
    number integer;
BEGIN
    UPDATE organisations_project p SET mode = 'test', updated_at = now()
    WHERE p.mode = 'live'
        AND EXISTS (SELECT FROM organisations_apikey k WHERE k.project_id = p.id)
        AND NOT EXISTS (SELECT FROM organisations_apikey k WHERE k.project_id = p.id AND k.mode = 'live')
        AND NOT EXISTS (
            SELECT FROM events_usageperiod m
            WHERE m.organisation_id = p.organisation_id AND m.closed_at IS NOT NULL AND EXISTS (
                SELECT FROM events_usageaggregate a
                WHERE a.organisation_id = p.organisation_id AND a.project_id = p.id AND a.usage_month = m.month));
    FOR mixed IN
        SELECT DISTINCT p.id, p.organisation_id, p.name, p.is_active
        FROM organisations_project p JOIN organisations_apikey k ON k.project_id = p.id
        WHERE p.mode = 'live' AND k.mode = 'test'
    LOOP
        new_name := left(mixed.name, 190) || ' (test)';
        number := 2;
        WHILE EXISTS (SELECT FROM organisations_project WHERE organisation_id = mixed.organisation_id AND name = new_name) LOOP
            new_name := left(mixed.name, 185) || ' (test ' || number || ')';
            number := number + 1;
        END LOOP;
        moved_to := gen_random_uuid();
        INSERT INTO organisations_project (id, created_at, updated_at, organisation_id, name, mode, is_active)
        VALUES (moved_to, now(), now(), mixed.organisation_id, new_name, 'test', mixed.is_active);
        UPDATE organisations_apikey SET project_id = moved_to, updated_at = now()
        WHERE project_id = mixed.id AND mode = 'test';
    END LOOP;
END
$$;
