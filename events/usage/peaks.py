"""The busiest day of each month, of one customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod, start_of_day
from organisations.models import Organisation

MONTHS = 13  # a year ago and now

_PEAK_DAYS = query(__file__, "peak_days")


@dataclass(frozen=True, slots=True)
class PeakDay:
    """`day` is in the customer's zone; `events` were counted on it."""

    metric_id: UUID
    day: date
    events: int


def peak_days(*, organisation: Organisation, months: int = MONTHS) -> tuple[PeakDay, ...]:
    """For each metric and each of the last months, the day with the most events; one query."""
    period = BillingPeriod.containing(clock.now(), organisation.zone)
    for _ in range(months - 1):
        period = period.previous()
    parameters: dict[str, Any] = {
        "organisation": organisation.pk,
        "zone": organisation.time_zone,
        "since": start_of_day(period.start, organisation.zone),
        "month": period.start,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PEAK_DAYS, parameters)
        return tuple(PeakDay(*row) for row in cursor.fetchall())
