"""When a failed payment is tried again: each pause is longer than the one before, up to a cap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

MAX_ATTEMPTS = 10
MAX_HOURS = 24 * 60
"""Of one pause: two months."""
MAX_FACTOR = Decimal(10)


@dataclass(frozen=True)
class RetrySchedule:
    """Pauses in hours: the base before the first attempt, then the factor times the pause before, none above the cap.

    The defaults are 24 h, 48 h, 96 h. A base of 24, a factor of 3 and a cap of 100 are 24 h, 72 h, 100 h.
    """

    attempts: int = 3
    base_hours: int = 24
    factor: Decimal = Decimal(2)
    cap_hours: int = 168

    def pause(self, number: int) -> timedelta:
        """The pause before an attempt; the first has number 1. Raises ValueError for one that there is not."""
        if not 1 <= number <= self.attempts:
            raise ValueError(f"There are {self.attempts} attempts: no number {number}.")
        hours = min(self.base_hours * self.factor ** (number - 1), Decimal(self.cap_hours))
        return timedelta(minutes=int(hours * 60))

    @property
    def last_wait(self) -> timedelta:
        """How long a customer has after the last attempt, before it counts as failed for good."""
        return min(timedelta(hours=self.base_hours), timedelta(hours=self.cap_hours))

    def times(self, failed_at: datetime) -> list[datetime]:
        """When each attempt is due if every one begins in time: 24 h, 72 h and 168 h after the failure by default."""
        found, at = [], failed_at
        for number in range(1, self.attempts + 1):
            at += self.pause(number)
            found.append(at)
        return found
