"""Billing periods: calendar months, half-open, in a customer's time zone; and the Indian financial year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

FINANCIAL_YEAR_FIRST_MONTH = 4  # April

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


class PeriodError(ValueError):
    """A period that is not a calendar month, or an instant without a time zone."""


@dataclass(frozen=True, slots=True, order=True)
class BillingPeriod:
    """One calendar month `[start, end)`: `end` is the first day of the next month."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start.day != 1 or self.end != _first_of_next_month(self.start):
            raise PeriodError(f"{self.start} to {self.end} is not one calendar month.")

    @classmethod
    def of(cls, day: date) -> BillingPeriod:
        """The month that a local date falls in."""
        return _month(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> BillingPeriod:
        match = _MONTH.fullmatch(text)
        if match is None or not 1 <= int(match[2]) <= 12 or not 1 < int(match[1]) < 9999:
            raise PeriodError(f"{text!r} is not a month: write it as 2026-10.")
        return cls.of(date(int(match[1]), int(match[2]), 1))

    @classmethod
    def containing(cls, instant: datetime, tz: ZoneInfo) -> BillingPeriod:
        period = cls.of(local_date(instant, tz))
        # Where clocks go back over midnight, minutes after the start of the new day show the date of the day before.
        return period if period.contains(instant, tz) else period.next()

    def bounds(self, tz: ZoneInfo) -> tuple[datetime, datetime]:
        """The first instant of the month and of the next one, in UTC."""
        return start_of_day(self.start, tz), start_of_day(self.end, tz)

    def contains(self, instant: datetime, tz: ZoneInfo) -> bool:
        first, after = self.bounds(tz)
        return first <= _aware(instant) < after

    def next(self) -> BillingPeriod:
        return BillingPeriod.of(self.end)

    def previous(self) -> BillingPeriod:
        year, month = (self.start.year - 1, 12) if self.start.month == 1 else (self.start.year, self.start.month - 1)
        return BillingPeriod.of(date(year, month, 1))

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def __str__(self) -> str:
        return f"{self.start:%Y-%m}"


def local_date(instant: datetime, tz: ZoneInfo) -> date:
    """The calendar day of an instant (aware) in a time zone. Raises PeriodError for a datetime without zone."""
    return _aware(instant).astimezone(tz).date()


def start_of_day(day: date, tz: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; also where daylight saving skips or repeats midnight."""
    return datetime.combine(day, time(), tzinfo=tz).astimezone(UTC)


def financial_year(day: date) -> str:
    """The Indian financial year of a day, from 1 April to 31 March, as in document numbers: "26-27"."""
    first = financial_year_start(day).year
    return f"{first % 100:02d}-{(first + 1) % 100:02d}"


def financial_year_start(day: date) -> date:
    """The first day of the Indian financial year of a day."""
    return date(day.year if day.month >= FINANCIAL_YEAR_FIRST_MONTH else day.year - 1, FINANCIAL_YEAR_FIRST_MONTH, 1)


def next_financial_year_start(day: date) -> date:
    start = financial_year_start(day)
    return start.replace(year=start.year + 1)


@lru_cache(maxsize=1_000)
def _month(year: int, month: int) -> BillingPeriod:
    """Every day of usage is asked for its month."""
    start = date(year, month, 1)
    return BillingPeriod(start, _first_of_next_month(start))


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise PeriodError(f"{instant.isoformat()} has no time zone.")
    return instant


def _first_of_next_month(day: date) -> date:
    return date(day.year + 1, 1, 1) if day.month == 12 else date(day.year, day.month + 1, 1)
