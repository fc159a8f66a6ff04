-- Writes the piece of a table of aggregates as the ledger has it. Placeholders: those of compare.sql.
INSERT INTO {{ table }} ({{ events/sql_fragments/aggregate_key.sql }}{{ more_key }}, {{ values }}) {{ from_ledger }}
