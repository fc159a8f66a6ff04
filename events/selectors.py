"""Questions about usage: the only door through which invoicing, the dashboard and health look at it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import TruncDate

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from events.models import EventBatch, Metric, UsageAggregate
from organisations.models import Organisation
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


def unsettled_batches(*, organisation: Organisation | None = None, received_before: datetime | None = None) -> int:
    """Accepted requests whose events are not counted yet, quarantined ones included."""
    batches = EventBatch.objects.exclude(status=EventBatch.Status.SETTLED)
    if organisation is not None:
        batches = batches.filter(organisation=organisation)
    if received_before is not None:
        batches = batches.filter(received_at__lt=received_before)
    return batches.count()


def settle_backlog() -> SettleBacklog:
    """How far settling is behind. Reads only what is not settled, through partial indexes."""
    pending = Q(status=EventBatch.Status.PENDING)
    found = EventBatch.objects.exclude(status=EventBatch.Status.SETTLED).aggregate(
        pending=Count("pk", filter=pending),
        oldest=Min("received_at", filter=pending),
        quarantined=Count("pk", filter=Q(status=EventBatch.Status.QUARANTINED)),
    )
    age = (clock.now() - found["oldest"]).total_seconds() if found["oldest"] else 0
    return SettleBacklog(found["pending"], max(0, int(age)), found["quarantined"])


def daily_usage(*, actor: Actor, days: int = 30) -> tuple[DailyUsage, ...]:
    """Counted events per UTC day of what an actor may see, today last, days without usage included."""
    today = clock.now().astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    rows = (
        UsageAggregate.objects.for_organisations(actor)
        .filter(hour__gte=datetime.combine(first, datetime.min.time(), tzinfo=UTC))
        .annotate(day=TruncDate("hour", tzinfo=UTC))
        .values("day")
        .annotate(events=Sum("event_count"))
        .order_by("day")
    )
    counted = {row["day"]: row["events"] for row in rows}
    return tuple(
        DailyUsage(day, counted.get(day, 0)) for day in (first + timedelta(days=offset) for offset in range(days))
    )


def _metered(row: tuple[Any, ...]) -> MeteredUsage:
    project_id, project_name, metric_name, unit, aggregation, dimensions, day, total, event_count = row
    return MeteredUsage(
        project_id=project_id,
        project_name=project_name,
        metric_name=metric_name,
        unit=unit,
        aggregation=aggregation,
        dimensions=tuple(sorted(json.loads(dimensions).items())),
        day=day,
        quantity=Decimal(event_count) if aggregation == Metric.Aggregation.COUNT else total,
        event_count=event_count,
        usage_period=BillingPeriod.of(day),
    )
