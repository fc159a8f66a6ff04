"""While Razorpay can't be reached, calls fail at once instead of holding every worker for the length of a time-out.

After FAILURES_TO_OPEN calls in a row without an answer, no call is sent for a while. Then one caller tries: an answer
ends the outage, no answer prolongs it. All processes share what is known through the cache. Without the cache every
call is sent, as if there were no breaker.

Written here rather than taken from a library: pybreaker and its like count per process, or want a Redis client of their
own, fail when it is away, and let every waiting caller try at once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.core.cache import cache
from django.utils.timezone import get_current_timezone, localtime
from redis.exceptions import RedisError

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import time_text
from payments.gateways.errors import GatewayRefused

logger = logging.getLogger(__name__)

FAILURES_TO_OPEN = 5
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=2)
TRIAL_SECONDS = 60
"""Longer than one call with its time-outs: afterwards whoever was to try is taken to have died."""
FORGOTTEN_AFTER = 6 * 3600

T = TypeVar("T")


@dataclass(frozen=True)
class Outage:
    """Times are UTC. `reason`: how the last try failed."""

    since: datetime
    next_try: datetime
    pause: timedelta
    reason: str

    def __str__(self) -> str:
        since = time_text(self.since, get_current_timezone())
        return f"Razorpay can't be reached since {since}; next try at {localtime(self.next_try):%H:%M:%S}."


class CircuitBreaker:
    """Of one account at one address: what fails together."""

    def __init__(self, *, base_url: str, key_id: str) -> None:
        digest = hashlib.sha256(f"{base_url} {key_id}".encode()).hexdigest()[:24]
        self._failures, self._outage, self._trial = (
            f"gateway-{part}:{digest}" for part in ("failures", "out", "trial")
        )

    @property
    def outage(self) -> Outage | None:
        return _if_reachable(lambda: cache.get(self._outage))

    def let_through(self) -> None:
        """Raises GatewayRefused, transient, while there is an outage and it is not this caller's turn to try."""
        outage = self.outage
        if outage is None:
            return
        if clock.now() < outage.next_try or not _if_reachable(lambda: cache.add(self._trial, 1, TRIAL_SECONDS), True):
            raise GatewayRefused(str(outage), transient=True)

    def note(self, *, is_outage: bool, reason: str = "") -> None:
        """How a call ended: any answer at all closes the circuit again."""
        if is_outage:
            _if_reachable(lambda: self._count(reason))
        else:
            _if_reachable(self.forget)

    def forget(self) -> None:
        if cache.get_many([self._failures, self._outage]):
            cache.delete_many([self._failures, self._outage, self._trial])

    def _count(self, reason: str) -> None:
        cache.add(self._failures, 0, FORGOTTEN_AFTER)
        if cache.incr(self._failures) < FAILURES_TO_OPEN:
            return
        now = clock.now()
        known: Outage | None = cache.get(self._outage)
        if known is not None and now < known.next_try:
            return  # a call that was on its way when the circuit opened
        pause = FIRST_PAUSE if known is None else min(known.pause * 2, LONGEST_PAUSE)
        outage = Outage(known.since if known else now, now + pause, pause, reason[:200])
        cache.set(self._outage, outage, FORGOTTEN_AFTER)
        cache.delete(self._trial)
        logger.log(logging.INFO if known else logging.ERROR, "gateway can't be reached", extra={"reason": reason})


def _if_reachable(ask: Callable[[], T], otherwise: T | None = None) -> T | None:
    try:
        return ask()
    except (RedisError, OSError, ValueError):  # ValueError: the count ended between two steps
        return otherwise
