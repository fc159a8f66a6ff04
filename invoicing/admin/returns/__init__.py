"""Admin pages of GST returns."""
