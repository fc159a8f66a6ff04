-- Empties the piece of a table of aggregates. Parameters: those of piece.sql.
DELETE FROM {{ table }} WHERE {{ events/services/aggregates/sql/piece.sql }}
