"""Bank working days in India, by the clock of India. Saturdays and Sundays are off; holidays are not known here."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from billing_platform.local.razorpay.mandate_rules import IST

SETTLED_AFTER_DAYS = 2  # T+2, Razorpay's default for payments in India
SETTLED_AT = time(11)


def settlement_time(captured_at: int) -> int:
    """When a payment captured at this moment is settled, in unix seconds: T+2 working days."""
    day = datetime.fromtimestamp(captured_at, IST).date()
    for _ in range(SETTLED_AFTER_DAYS):
        day = _next_working_day(day)
    return int(datetime.combine(day, SETTLED_AT, IST).timestamp())


def _next_working_day(day: date) -> date:
    day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day
