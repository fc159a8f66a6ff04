"""Dates for people: a day "26 Nov 2026", a time "26 Nov 2026, 02:53 IST", a month "November 2026".

Pages, e-mails, documents and error messages write dates with these functions. JSON and CSV use ISO 8601. All is
English, except within `dates_in`, which e-mails to customers are written in. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from billing_platform.lib.periods import BillingPeriod

_A_DAY = timedelta(days=1)
_AN_HOUR = timedelta(hours=1)
_A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class DateWords:
    """Names of the months, from January on, and how a span is said."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    span: str


_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_HINDI_MONTHS = (
    "जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर",
)  # fmt: skip
ENGLISH = DateWords(_ENGLISH_MONTHS, tuple(name[:3] for name in _ENGLISH_MONTHS), "{first} to {last}")
HINDI = DateWords(_HINDI_MONTHS, _HINDI_MONTHS, "{first} से {last}")

_words: ContextVar[DateWords] = ContextVar("date_words", default=ENGLISH)


@contextmanager
def dates_in(words: DateWords) -> Iterator[None]:
    """Within this block, dates are written with these words."""
    token = _words.set(words)
    try:
        yield
    finally:
        _words.reset(token)


def day_text(day: date) -> str:
    """A calendar day: "26 Nov 2026"."""
    return f"{day.day} {_short_month(day)} {day.year}"


def age_text(days: int) -> str:
    """How old something is: "Today", "1 day", "1,200 days"."""
    return "Today" if days <= 0 else "1 day" if days == 1 else f"{days:,} days"


def last_day_text(after: date) -> str:
    """The last day of a span that ends before the day `after`: "31 Oct 2026" for 1 November 2026."""
    return day_text(after - _A_DAY)


def days_text(first: date, last: date) -> str:
    """The days from `first` to `last`, both included: "1 to 30 Nov 2026", "28 Oct to 26 Nov 2026"."""
    if first == last:
        return day_text(first)
    if (first.year, first.month) == (last.year, last.month):
        return _from_to(str(first.day), day_text(last))
    same_year = first.year == last.year
    return _from_to(f"{first.day} {_short_month(first)}" if same_year else day_text(first), day_text(last))


def month_text(month: date | BillingPeriod) -> str:
    """The calendar month of a period or of a day: "November 2026"."""
    day = month.start if isinstance(month, BillingPeriod) else month
    return f"{_words.get().months[day.month - 1]} {day.year}"


def time_text(instant: datetime, zone: tzinfo) -> str:
    """An instant in a time zone: "26 Nov 2026, 02:53 IST"."""
    local = instant.astimezone(zone)
    return f"{day_text(local)}, {local:%H:%M} {zone_label(instant, zone)}"


def zone_label(instant: datetime, zone: tzinfo) -> str:
    """The name of a time zone at an instant: "IST", or "UTC+5:45" if the zone has no letters as its name."""
    local = instant.astimezone(zone)
    name, offset = local.tzname() or "", local.utcoffset() or timedelta(0)
    if name.isalpha():
        return name
    hours, rest = divmod(abs(offset), _AN_HOUR)
    minutes = f":{rest // _A_MINUTE:02d}" if rest else ""
    return f"UTC{'-' if offset < timedelta(0) else '+'}{hours}{minutes}" if offset else "UTC"


def _short_month(day: date) -> str:
    return _words.get().short_months[day.month - 1]


def _from_to(first: str, last: str) -> str:
    return _words.get().span.format(first=first, last=last)
