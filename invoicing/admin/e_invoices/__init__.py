"""Pages of e-invoices: the list, the IRN of each document, and the portal's files."""
