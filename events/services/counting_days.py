"""Days of counting: on which UTC day a row is written into the ledger, and when a day is complete.

Everybody who writes into the ledger holds the DEDUP lock, and looks at the clock while holding it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import DomainError

MARGIN = timedelta(hours=1)
"""By so much the clocks of two workers may differ before a row can belong to a day that is complete."""


def today_counted() -> date:
    """The day of rows that are written now. Ask while holding the DEDUP lock."""
    return clock.now().astimezone(UTC).date()


def last_complete_day() -> date:
    """The newest UTC day that no worker's clock shows any more."""
    return (clock.now().astimezone(UTC) - MARGIN).date() - timedelta(days=1)


def wait_until_counted(day: date) -> None:
    """Wait for every transaction that may write rows of a UTC day: afterwards its rows are complete, for ever.

    Settling waits meanwhile, for as long as its longest chunk takes. Raises DomainError DAY_NOT_OVER.
    """
    if day > last_complete_day():
        ends = datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1) + MARGIN
        raise DomainError(f"Events may be counted on this day until {ends:%d %B %Y %H:%M} UTC.", code="DAY_NOT_OVER")
    with transaction.atomic():
        advisory_lock(LockSpace.DEDUP)
