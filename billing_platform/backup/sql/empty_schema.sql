-- Delete everything of ours in the schema; extensions and what they brought stay.
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT relation.oid::regclass AS name, relkind FROM pg_class relation
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition
          AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = relation.oid AND deptype = 'e')
    LOOP
        EXECUTE format(
            'DROP %s IF EXISTS %s CASCADE',
            CASE each.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
            each.name
        );
    END LOOP;
    FOR each IN
        SELECT relation.oid::regclass AS name FROM pg_class relation
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
          AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = relation.oid AND deptype = 'e')
    LOOP
        EXECUTE format('DROP SEQUENCE IF EXISTS %s CASCADE', each.name);
    END LOOP;
    FOR each IN
        SELECT routine.oid::regprocedure AS name FROM pg_proc routine
        WHERE pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = routine.oid AND deptype = 'e')
    LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', each.name);
    END LOOP;
END $$
