"""What reconciliation does: runs, what they find, and what becomes of it."""
