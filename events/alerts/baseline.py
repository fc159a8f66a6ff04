"""What is usual for an hour of the week, and how far from it a value lies. Robust: one odd week does not move it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from billing_platform.lib.money import with_places

WEEKS = 8
"""So many earlier weeks are looked at, the same hour of the same weekday in each."""
FEWEST = 4
"""With fewer weeks of usage nothing is called usual."""

_SCORE_PLACES = 2
_TO_DEVIATIONS = Decimal("1.4826")
"""Times the median absolute deviation is the standard deviation, where values are spread normally."""
_LEAST_SPREAD = Decimal("0.05")
"""Of the median: usage that is the same each week would make every small change a great one."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The median of earlier weeks, what they spread around it, and whether each of them had usage."""

    median: Decimal
    spread: Decimal
    never_zero: bool

    def deviations(self, value: Decimal) -> Decimal:
        """How many spreads a value lies away from the median, whichever way; to two decimals."""
        return with_places(abs(value - self.median) / self.spread, _SCORE_PLACES)

    def is_drop_to_zero(self, value: Decimal) -> bool:
        return value == 0 and self.never_zero


def usual(samples: Sequence[Decimal]) -> Usual | None:
    """What is usual by these values, the oldest first. None where too few weeks tell, or where all of them are zero.

    The weeks before the first usage are left out: the customer did not use the metric yet.
    """
    first = next((place for place, sample in enumerate(samples) if sample != 0), len(samples))
    since = samples[first:]
    if len(since) < FEWEST:
        return None
    middle = Decimal(median(since))
    away = Decimal(median(abs(sample - middle) for sample in since))
    spread = max(away * _TO_DEVIATIONS, abs(middle) * _LEAST_SPREAD)
    return Usual(middle, spread, never_zero=min(since) > 0) if spread else None
