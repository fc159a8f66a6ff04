"""Charts, drawn on the server as SVG: for every page of the admin, the same way."""
