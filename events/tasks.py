"""Jobs of the events app: settle what was accepted, keep partitions ahead, verify and drop what is behind.

Settling is woken without flooding the queue: a web process asks at most twice a second, and all processes together
once per run, by a flag in the cache that a run removes when it starts. Requests that are accepted between two askings
are found as well, because a run looks a last time a full second after it started. If a message is lost, the next one
comes when the flag expires after a few seconds, or from beat.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import date

from celery import shared_task
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from events.services import partitions
from events.services.proof import retention, verifying
from events.services.settling import chunks

logger = logging.getLogger(__name__)

_WOKEN = "events:settling-woken"
_WOKEN_SECONDS = 5
_QUIET_SECONDS = 0.5
_LAST_LOOK_SECONDS = 1.0

_quiet_until = 0.0


@shared_task(name="events.tasks.settle_pending")
def settle_pending() -> dict[str, int]:
    """Settle until nothing is pending, or for 25 seconds: the next run takes what is left."""
    with suppress(RedisError):
        cache.delete(_WOKEN)
    report = chunks.settle_pending(last_look_after=_LAST_LOOK_SECONDS)
    if report.unfinished:
        wake_settling()
    return {"batches": report.batches, "counted": report.counted, "duplicates": report.duplicates}


@shared_task(name="events.tasks.ensure_partitions")
def ensure_partitions() -> list[str]:
    return partitions.ensure_partitions()


@shared_task(name="events.tasks.verify_hot_log")
def verify_hot_log() -> list[str]:
    """Each day that is over and not verified: a job of its own, since a busy day takes minutes."""
    days = [day.isoformat() for day in verifying.days_to_verify()]
    for day in days:
        verify_hot_log_day.delay(day)
    return days


@shared_task(name="events.tasks.verify_hot_log_day")
def verify_hot_log_day(day: str, verified_by: str = "schedule") -> str:
    """The reason why the day is not verified, or nothing."""
    return verifying.verify_day(day=date.fromisoformat(day), verified_by=verified_by).reason


@shared_task(name="events.tasks.drop_old_partitions")
def drop_old_partitions() -> dict[str, str]:
    """By day: why it was not dropped, or empty if it was."""
    return {str(outcome.day): outcome.retained_because for outcome in retention.drop_old_partitions()}


def wake_settling() -> None:
    """Ask a worker to settle soon, once however many ask. Never fails its caller: beat settles every minute anyway."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    _quiet_until = time.monotonic() + _QUIET_SECONDS
    try:
        if cache.add(_WOKEN, 1, timeout=_WOKEN_SECONDS):
            settle_pending.apply_async(retry=False)
    except (RedisError, OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + _WOKEN_SECONDS  # don't let every request wait for a broker that is down
        logger.warning("settling not woken", extra={"reason": str(error)})
