-- Which series and slots the stage holds, once it holds exactly what the ledger took: (series, slot).
SELECT DISTINCT series, slot FROM events_stage
