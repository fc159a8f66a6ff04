"""Questions about runs and discrepancies."""
