"""The client of an invoice registration portal: HTTP to a provider, and what its answers mean."""
