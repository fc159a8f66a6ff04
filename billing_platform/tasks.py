"""The heartbeat job: it shows that beat and a worker run."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache

from billing_platform.lib import clock

HEARTBEAT_KEY = "heartbeat:beat"


@shared_task
def heartbeat() -> None:
    """Note the time in the cache. `/health/ready` checks how old it is."""
    cache.set(HEARTBEAT_KEY, clock.now().timestamp(), timeout=3600)
