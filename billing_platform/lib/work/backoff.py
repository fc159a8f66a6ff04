"""How long to wait before the next try of something that failed.

1, 2, 4, 8 … minutes, at most 6 hours, each up to a quarter longer, so that a thousand rows that failed together are
not all tried again in the same second. Eight tries take about two hours, ten about seven. After how many tries a row
is given up, its model says (`max_attempts` in `claims.py`).
"""

from __future__ import annotations

import random
from datetime import timedelta

FIRST = timedelta(minutes=1)
CAP = timedelta(hours=6)


def delay(attempts: int) -> timedelta:
    """The pause after that many tries failed (1 or more)."""
    doublings = min(max(attempts, 1) - 1, 16)  # 2 ** 16 minutes are far beyond the cap
    pause: timedelta = min(FIRST * 2**doublings, CAP)
    return pause * (1 + random.random() / 4)  # noqa: S311  (spreads retries, keeps no secret)
