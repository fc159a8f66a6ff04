"""The root's own job: proof that beat and a worker are alive."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache

from billing_platform.lib import clock

HEARTBEAT_KEY = "heartbeat:beat"


@shared_task
def heartbeat() -> None:
    """Sent by beat, run by a worker: its age is what readiness looks at."""
    cache.set(HEARTBEAT_KEY, clock.now().timestamp(), timeout=3600)
