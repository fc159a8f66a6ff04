"""Bank working days in India, by the clock of India. Saturdays, Sundays and the bank holidays of fixed date are off.

Holidays that follow the moon are named anew each year by the Reserve Bank, and are not known here.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from billing_platform.local.razorpay.mandate_rules import IST

SETTLED_AFTER_DAYS = 2  # T+2, Razorpay's default for payments in India
SETTLED_AT = time(11)
BANK_HOLIDAYS = frozenset({(1, 26), (4, 1), (5, 1), (8, 15), (10, 2), (12, 25)})
"""Month and day, in Mumbai: Republic Day, the banks' closing of accounts, Maharashtra Day, Independence Day, Gandhi
Jayanti, Christmas."""


def settlement_time(captured_at: int) -> int:
    """When a payment captured at this moment is settled, in unix seconds: T+2 working days."""
    day = datetime.fromtimestamp(captured_at, IST).date()
    for _ in range(SETTLED_AFTER_DAYS):
        day = _next_working_day(day)
    return int(datetime.combine(day, SETTLED_AT, IST).timestamp())


def _next_working_day(day: date) -> date:
    day += timedelta(days=1)
    while day.weekday() >= 5 or (day.month, day.day) in BANK_HOLIDAYS:
        day += timedelta(days=1)
    return day
