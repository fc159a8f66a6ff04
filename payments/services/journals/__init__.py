"""Exports to an accounting program: what waits (`waiting.py`), and the batch that takes it (`exporting.py`)."""
