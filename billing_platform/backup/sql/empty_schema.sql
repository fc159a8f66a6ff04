-- Delete everything of ours in the schema; extensions and what they brought stay. The names are read before the first of
-- them goes, because others may go with it.
DO $$
DECLARE
    commands text[];
    command text;
BEGIN
    SELECT array_agg(each ORDER BY step) INTO commands FROM (
        SELECT 1, format(
            'DROP %s IF EXISTS %s CASCADE',
            CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
            relation.oid::regclass
        )
        FROM pg_class relation
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition
          AND NOT EXISTS (
              SELECT FROM pg_depend
              WHERE classid = 'pg_class'::regclass AND objid = relation.oid AND deptype = 'e'
          )
        UNION ALL
        SELECT 2, format('DROP SEQUENCE IF EXISTS %s CASCADE', relation.oid::regclass)
        FROM pg_class relation
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
        UNION ALL
        SELECT 3, format('DROP ROUTINE IF EXISTS %s CASCADE', routine.oid::regprocedure)
        FROM pg_proc routine
        WHERE pronamespace = 'public'::regnamespace
          AND NOT EXISTS (
              SELECT FROM pg_depend
              WHERE classid = 'pg_proc'::regclass AND objid = routine.oid AND deptype = 'e'
          )
        UNION ALL
        SELECT 4, format('DROP TYPE IF EXISTS %s CASCADE', kind.oid::regtype)
        FROM pg_type kind LEFT JOIN pg_class relation ON relation.oid = typrelid
        WHERE typnamespace = 'public'::regnamespace AND (typtype IN ('e', 'd') OR relkind = 'c')
          AND NOT EXISTS (
              SELECT FROM pg_depend
              WHERE classid = 'pg_type'::regclass AND objid = kind.oid AND deptype = 'e'
          )
    ) AS found (step, each);
    FOREACH command IN ARRAY COALESCE(commands, '{}') LOOP
        EXECUTE command;
    END LOOP;
END $$
