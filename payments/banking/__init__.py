"""Bank statements as values: what a file says, and which invoices a line may pay. Pure."""
