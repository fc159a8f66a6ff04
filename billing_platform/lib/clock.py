"""The only clock. All services use it, so that demo data and tests can set the time at one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

_standing: ContextVar[datetime | None] = ContextVar("standing_clock", default=None)


def now() -> datetime:
    """The current instant: an aware datetime in UTC."""
    return _standing.get() or timezone.now()


def real_now() -> datetime:
    """The current instant also where the clock stands: for what people outside do meanwhile, such as receiving."""
    return timezone.now()


def today(time_zone: str | ZoneInfo) -> date:
    """The current calendar day in a time zone, for due dates and document dates."""
    zone = ZoneInfo(time_zone) if isinstance(time_zone, str) else time_zone
    return now().astimezone(zone).date()


@contextmanager
def standing_at(instant: datetime) -> Iterator[None]:
    """Within this block, the clock of this thread shows `instant` (aware): for the demo's invoices of past months.

    Other threads and processes keep the real time. Raises ValueError for a datetime without time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("standing_at needs an aware datetime")
    token = _standing.set(instant.astimezone(ZoneInfo("UTC")))
    try:
        yield
    finally:
        _standing.reset(token)
