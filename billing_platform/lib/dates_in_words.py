"""How people read dates: a day "26 Nov 2026", a time "26 Nov 2026, 02:53 IST", a month "November 2026".

Pages, messages, e-mails, documents and sentences of errors all write dates by these functions. JSON and CSV keep ISO.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from billing_platform.lib.periods import BillingPeriod

_A_DAY = timedelta(days=1)
_AN_HOUR = timedelta(hours=1)
_A_MINUTE = timedelta(minutes=1)


def day_text(day: date) -> str:
    """A calendar day: "26 Nov 2026"."""
    return f"{day.day} {day:%b %Y}"


def last_day_text(after: date) -> str:
    """The last day of a half-open span: "31 Oct 2026" for the one that ends before the 1st of November."""
    return day_text(after - _A_DAY)


def days_text(first: date, last: date) -> str:
    """Days from and to, both included: "1 to 30 Nov 2026", "28 Oct to 26 Nov 2026"."""
    if first == last:
        return day_text(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day_text(last)}"
    same_year = first.year == last.year
    return f"{f'{first.day} {first:%b}' if same_year else day_text(first)} to {day_text(last)}"


def month_text(month: date | BillingPeriod) -> str:
    """A calendar month, told by the period or by any day of it: "November 2026"."""
    return f"{month.start if isinstance(month, BillingPeriod) else month:%B %Y}"


def time_text(instant: datetime, zone: tzinfo) -> str:
    """An instant on the clock of a time zone: "26 Nov 2026, 02:53 IST"."""
    local = instant.astimezone(zone)
    return f"{day_text(local)}, {local:%H:%M} {zone_label(instant, zone)}"


def zone_label(instant: datetime, zone: tzinfo) -> str:
    """What a zone is called at that moment: "IST", or "UTC+5:45" where it has a number for a name."""
    local = instant.astimezone(zone)
    name, offset = local.tzname() or "", local.utcoffset() or timedelta(0)
    if name.isalpha():
        return name
    hours, rest = divmod(abs(offset), _AN_HOUR)
    minutes = f":{rest // _A_MINUTE:02d}" if rest else ""
    return f"UTC{'-' if offset < timedelta(0) else '+'}{hours}{minutes}" if offset else "UTC"
