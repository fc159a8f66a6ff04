"""The heartbeat job, which shows that beat and a worker run; and the one that takes a message for many rows apart."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache

from billing_platform.lib import clock
from billing_platform.lib.work.waking import wake

HEARTBEAT_KEY = "heartbeat:beat"


@shared_task
def heartbeat() -> None:
    """Note the time in the cache. `/health/ready` checks how old it is."""
    cache.set(HEARTBEAT_KEY, clock.now().timestamp(), timeout=3600)


@shared_task
def fan_out(task: str, *rows: str) -> None:
    """Send a task for each row: whoever wakes a thousand workers need not write a thousand messages."""
    for row in rows:
        wake(task, row)
