"""Admin pages for the accountant: registers, and the form that says which seller and days a page is about."""
