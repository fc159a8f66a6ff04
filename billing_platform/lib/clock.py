"""The only clock: every service asks it, so demo data and tests can move time in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

_standing: ContextVar[datetime | None] = ContextVar("standing_clock", default=None)


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _standing.get() or timezone.now()


def today(time_zone: str | ZoneInfo) -> date:
    """The current calendar day in a time zone: due dates and document dates are local facts."""
    zone = ZoneInfo(time_zone) if isinstance(time_zone, str) else time_zone
    return now().astimezone(zone).date()


@contextmanager
def standing_at(instant: datetime) -> Iterator[None]:
    """Let the clock stand at an instant (aware) for this thread's work: yesterday's invoice for the demo, a month's
    end for a test. Other threads and processes keep their time."""
    if instant.tzinfo is None:
        raise ValueError("standing_at needs an aware datetime")
    token = _standing.set(instant.astimezone(ZoneInfo("UTC")))
    try:
        yield
    finally:
        _standing.reset(token)
