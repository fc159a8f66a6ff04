"""The organisations' part of the HTTP API, and the base of every admin endpoint."""
