"""The composition root: settings, URLs, jobs, dashboard, health. Imports every app; imported by none (except lib)."""

from billing_platform.celery import app as celery_app

__all__ = ["celery_app"]
