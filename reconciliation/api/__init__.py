"""The API of reconciliation."""
