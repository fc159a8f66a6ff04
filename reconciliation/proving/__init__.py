"""Reading the rows for the daily proof: their trees, what a statement holds against them, the proof of an event."""
