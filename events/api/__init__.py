"""HTTP faces of the events app."""
