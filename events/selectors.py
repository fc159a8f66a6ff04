"""Questions about usage: the only door through which invoicing, the dashboard and health look at it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from events.models import EventBatch, Metric, UsageAggregate
from organisations.models import Organisation, Project
from organisations.scoping import Actor


@dataclass(frozen=True, slots=True)
class MeteredUsage:
    """What one project used of one metric, with one set of dimensions, on one local day.

    `usage_period` is the month in which it happened: earlier than the period asked for where the usage is late.
    """

    project_id: UUID
    project_name: str
    metric_name: str
    unit: str
    aggregation: str
    dimensions: tuple[tuple[str, str], ...]
    day: date | None
    quantity: Decimal
    event_count: int
    usage_period: BillingPeriod


@dataclass(frozen=True, slots=True)
class SettleBacklog:
    pending: int
    oldest_age_seconds: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class DailyUsage:
    day: date
    event_count: int


def usage_for(*, organisation: Organisation, period: BillingPeriod) -> tuple[MeteredUsage, ...]:
    """All usage that belongs to a billing period: its own, and late usage of closed months."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.project_id, p.name, m.name, m.unit, m.aggregation, a.dimensions::text,
                   (a.hour AT TIME ZONE %(zone)s)::date AS day, sum(a.total), sum(a.event_count)::bigint
            FROM events_usageaggregate a
            JOIN organisations_project p ON p.id = a.project_id
            JOIN events_metric m ON m.id = a.metric_id
            WHERE a.organisation_id = %(organisation)s AND a.usage_month = %(month)s
            GROUP BY a.project_id, p.name, a.metric_id, m.name, m.unit, m.aggregation, a.dimensions, day
            ORDER BY p.name, a.project_id, m.name, m.unit, a.dimensions, day
            """,
            {"zone": organisation.time_zone, "organisation": organisation.pk, "month": period.start},
        )
        return tuple(_metered(row) for row in cursor.fetchall())
