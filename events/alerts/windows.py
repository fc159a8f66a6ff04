"""Hours, days, weeks and months of a customer's clock, as instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from billing_platform.lib.periods import BillingPeriod, local_date, start_of_day

HOUR, DAY, WEEK, MONTH = "hour", "day", "week", "month"

_A_DAY = timedelta(days=1)
_AN_HOUR = timedelta(hours=1)
_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Half-open, in UTC."""

    start: datetime
    end: datetime


def containing(grain: str, instant: datetime, zone: ZoneInfo) -> Window:
    """The hour, day or month of the zone's clock that an instant lies in. A week is the seven days up to that day."""
    if grain == HOUR:
        local = instant.astimezone(zone)
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        start = instant.astimezone(UTC) - past
        return Window(start, start + _AN_HOUR)
    if grain == MONTH:
        return Window(*BillingPeriod.containing(instant, zone).bounds(zone))
    day = local_date(instant, zone)
    first = day - 6 * _A_DAY if grain == WEEK else day
    return Window(start_of_day(first, zone), start_of_day(day + _A_DAY, zone))


def last_complete(grain: str, now: datetime, zone: ZoneInfo) -> Window:
    """The newest hour, day, month or seven days that are over."""
    now_in = containing(DAY if grain == WEEK else grain, now, zone)
    return containing(grain, now_in.start - _A_MOMENT, zone)


def before(grain: str, window: Window, zone: ZoneInfo) -> Window:
    """The one that ends where this one starts."""
    return containing(grain, window.start - _A_MOMENT, zone)


def step_back(grain: str, window: Window, zone: ZoneInfo) -> Window:
    """The complete window before: of weeks the seven days that ended a day earlier."""
    return containing(WEEK, window.end - _A_DAY - _A_MOMENT, zone) if grain == WEEK else before(grain, window, zone)


def weeks_earlier(grain: str, window: Window, weeks: int, zone: ZoneInfo) -> Window:
    """The same hour or day of the clock so many weeks before."""
    local = window.start.astimezone(zone)
    day = local.date() - 7 * weeks * _A_DAY
    if grain == DAY:
        return Window(start_of_day(day, zone), start_of_day(day + _A_DAY, zone))
    start = datetime.combine(day, local.time(), tzinfo=zone).astimezone(UTC)
    return Window(start, start + _AN_HOUR)
