"""How times look on pages: short, and with their zone."""
