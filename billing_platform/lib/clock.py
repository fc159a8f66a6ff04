"""The only clock: every service asks it, so a test can move time in one place."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return timezone.now()


def today(time_zone: str | ZoneInfo) -> date:
    """The current calendar day in a time zone: due dates and document dates are local facts."""
    zone = ZoneInfo(time_zone) if isinstance(time_zone, str) else time_zone
    return now().astimezone(zone).date()
