"""E-invoices: which documents need an IRN, how it comes, and what waits for it."""
