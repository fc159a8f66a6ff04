"""The composition root: settings, URLs, jobs, dashboard, health. Imports every app; imported by none (except lib)."""
