-- Of the accepted events those that find_counted.sql did not find.
--
-- %(rest_batch)s, %(rest_position)s  which they are; the others as in accepted.sql
{{ events/services/proof/sql/accepted.sql }}
WHERE (batch, "position") IN (SELECT * FROM unnest(%(rest_batch)s::int[], %(rest_position)s::int[]))
