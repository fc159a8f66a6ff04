"""What a mandate may be, and when and how often it may be debited. Pure: no database, no clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
IST = timezone(timedelta(hours=5, minutes=30))

METHODS = ("upi", "card", "emandate")
FREQUENCIES = (
    "daily", "weekly", "fortnightly", "bimonthly", "monthly", "quarterly", "half_yearly", "yearly", "as_presented",
)  # fmt: skip
RECURRING_TYPES = ("on", "before", "after")
AUTH_TYPES = ("netbanking", "debitcard", "aadhaar")
MAX_AMOUNTS = {"upi": 9999900, "card": 100000000, "emandate": 100000000}  # paise
LEAST_AMOUNT = 100
DEFAULT_LIFE, LONGEST_LIFE = 3652 * DAY, 10957 * DAY  # ten and thirty years

# RBI: above ₹15,000 the payer authenticates each debit. It is not asked of bank mandates (NACH).
AUTHENTICATED_ABOVE = 1500000
APPROVAL_LASTS = 72 * HOUR

NOTICE = 24 * HOUR  # the least between the notice and the debit
DEBIT_AFTER = {"upi": 25 * HOUR, "card": 36 * HOUR + 5 * MINUTE, "emandate": 26 * HOUR}

# NPCI executes UPI Autopay outside the busy hours: before 10:00, from 13:00 to 17:00, after 21:30.
BUSY = ((10 * HOUR, 13 * HOUR), (17 * HOUR, 21 * HOUR + 30 * MINUTE))


def needs_approval(method: str, amount: int) -> bool:
    return method in ("upi", "card") and amount > AUTHENTICATED_ABOVE


def debit_time(method: str, notified_at: int, payment_after: int | None) -> int:
    """When the bank is asked, in unix seconds: never sooner than a day after the notice."""
    wanted = payment_after if payment_after is not None else notified_at + DEBIT_AFTER[method]
    earliest = max(wanted, notified_at + NOTICE)
    return outside_busy_hours(earliest) if method == "upi" else earliest


def outside_busy_hours(moment: int) -> int:
    """The moment itself, or the end of the busy hours it falls into."""
    local = datetime.fromtimestamp(moment, IST)
    second = local.hour * HOUR + local.minute * MINUTE + local.second
    for start, end in BUSY:
        if start <= second < end:
            return moment - second + end
    return moment


def cycle(frequency: str, moment: int) -> tuple[int, ...] | None:
    """Names the period in which a UPI mandate may be debited once; None if there is no such limit."""
    day = datetime.fromtimestamp(moment, IST).date()
    months = {"monthly": 1, "bimonthly": 2, "quarterly": 3, "half_yearly": 6, "yearly": 12}
    if frequency in months:
        return day.year, (day.month - 1) // months[frequency]
    if frequency == "fortnightly":
        return day.year, day.month, (day.day - 1) // 15
    if frequency == "weekly":
        return day.isocalendar()[:2]
    return (day.toordinal(),) if frequency == "daily" else None
