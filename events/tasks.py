"""Jobs of the events app: settle what was accepted, keep partitions ahead."""

from __future__ import annotations

import logging

from celery import shared_task
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from events.services import partitions, settling

logger = logging.getLogger(__name__)

_WOKEN = "events:settling-woken"
_WOKEN_SECONDS = 5


@shared_task(name="events.tasks.settle_pending")
def settle_pending() -> dict[str, int]:
    """Settle until nothing is pending, or for 25 seconds: whatever is left, the next one takes."""
    # From here on a new arrival sends another wake-up: it may come too late for this run's last look.
    cache.delete(_WOKEN)
    report = settling.settle_pending()
    if report.unfinished:
        wake_settling()
    return {"batches": report.batches, "counted": report.counted, "duplicates": report.duplicates}


@shared_task(name="events.tasks.ensure_partitions")
def ensure_partitions() -> list[str]:
    return partitions.ensure_partitions()


def wake_settling() -> None:
    """Ask a worker to settle soon, once however many ask. Never fails its caller: beat settles every minute anyway."""
    try:
        if cache.add(_WOKEN, 1, timeout=_WOKEN_SECONDS):
            settle_pending.apply_async(retry=False)
    except (RedisError, OperationalError, OSError) as error:
        logger.warning("settling not woken", extra={"reason": str(error)})
