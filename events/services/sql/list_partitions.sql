-- The partitions of hot log and ledger: (table, partition, bounds, bytes, estimated rows), oldest first.
--
-- %(tables)s  the partitioned tables
SELECT parent.relname, child.relname, pg_get_expr(child.relpartbound, child.oid),
    pg_total_relation_size(child.oid), greatest(child.reltuples, 0)::bigint
FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent
JOIN pg_class child ON child.oid = inhrelid
WHERE parent.oid = ANY (SELECT to_regclass(name) FROM unnest(%(tables)s::text[]) AS wanted (name))
ORDER BY parent.relname, child.relname
