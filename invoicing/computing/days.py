"""Days on which something holds, and how they are written on a line."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from billing_platform.lib.dates_in_words import days_text, month_text
from billing_platform.lib.periods import BillingPeriod

_A_DAY = timedelta(days=1)

Days = tuple[date, date]
"""Half-open: from the first day to the day after the last one."""


def days_within(period: BillingPeriod, first: date, after: date | None) -> Days | None:
    """The days of `[first, after)` that lie in the month; None where none does. Without `after` there is no end."""
    start, end = max(first, period.start), min(after or period.end, period.end)
    return (start, end) if start < end else None


def days_of(row: Any) -> Days:
    """The days on which a rule holds that has an `effective_from`, and an `effective_to` unless it has no end."""
    return row.effective_from, row.effective_to or date.max


def moved_days(before: Days, after: Days) -> list[Days]:
    """The days between old and new beginning, and between old and new end."""
    edges = [sorted(pair) for pair in zip(before, after, strict=True)]
    return [(first, last) for first, last in edges if first != last]


def span_text(days: Days, period: BillingPeriod) -> str:
    """ "October 2026", or "15 to 31 Oct 2026" for a part of it."""
    start, end = days
    return month_text(period) if days == (period.start, period.end) else days_text(start, end - _A_DAY)


def count(days: Days) -> int:
    return (days[1] - days[0]).days
