"""A level times the time it lasted, in unit-hours, day by day. Pure whole numbers: nothing is lost before the rounding.

A change of a level is known as three numbers that add up: how many events, by how much, and the *moment*: the sum of
each change times its instant. Up to an instant T, changes of d in all have made T × d − moment of unit-time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.periods import BillingPeriod, start_of_day

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_MICROSECOND = timedelta(microseconds=1)
_AN_HOUR = timedelta(hours=1) // _A_MICROSECOND


@dataclass(frozen=True, slots=True)
class Change:
    """What the events of a day did to a level, in units of the last stored decimal and microseconds since 1970."""

    change: int = 0
    moment: int = 0
    event_count: int = 0


@dataclass(frozen=True, slots=True)
class DayOfLevel:
    """Unit-hours of one day. The days of a month add up to the month's unit-hours, rounded once."""

    day: date
    quantity: Decimal
    event_count: int


def integrate(
    carried: int, changes: Mapping[date, Change], *, month: BillingPeriod, zone: ZoneInfo, until: datetime
) -> Iterator[DayOfLevel]:
    """The days of a month on which a level that began at `carried` was not 0, or was changed.

    Real hours count: a day on which the clocks change has 23 or 25. What lies after `until` hasn't been used yet.
    """
    level, so_far, counted = carried, 0, 0
    end_of_time = microseconds(until)
    for day, start, end in _days(month, zone):
        found = changes.get(day, Change())
        end = max(start, min(end, end_of_time))
        so_far += level * (end - start) + end * found.change - found.moment
        level += found.change
        hours = _rounded_hours(so_far)
        if hours != counted or found.event_count:
            yield DayOfLevel(day, Decimal(f"{hours - counted}E-{QUANTITY_PLACES}"), found.event_count)
        counted = hours


def last_full_hour(now: datetime, zone: ZoneInfo) -> datetime:
    """When the running local hour began. An hour counts when it is over."""
    local = now.astimezone(zone)
    return now - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _A_MICROSECOND


def _rounded_hours(unit_microseconds: int) -> int:
    """Halves away from zero, in units of the last stored decimal."""
    rounded = (2 * abs(unit_microseconds) + _AN_HOUR) // (2 * _AN_HOUR)
    return rounded if unit_microseconds >= 0 else -rounded


@lru_cache(maxsize=1_000)
def _days(month: BillingPeriod, zone: ZoneInfo) -> tuple[tuple[date, int, int], ...]:
    days = [month.start + timedelta(days=number) for number in range(month.days + 1)]
    starts = [microseconds(start_of_day(day, zone)) for day in days]
    return tuple(zip(days[:-1], starts[:-1], starts[1:], strict=True))
