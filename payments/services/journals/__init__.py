"""Exports to an accounting program: what waits (`waiting.py`, by kinds beside it), and the batch that takes it
(`exporting.py`)."""
