"""When to try again: 1, 2, 4 … minutes, at most six hours, each up to a quarter longer so that retries spread out."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from billing_platform.lib import clock

BASE = timedelta(minutes=1)
CAP = timedelta(hours=6)


def next_attempt(attempts: int) -> datetime:
    """The time of the next try after that many."""
    delay = min(BASE * (1 << min(max(attempts - 1, 0), 16)), CAP)
    return clock.now() + delay * (1 + random.random() / 4)  # noqa: S311  (jitter, not a secret)
