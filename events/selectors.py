"""Questions about usage: the only door through which invoicing, the dashboard and health look at it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from events import payload
from events.models import DeadLetter, EventBatch, Metric, UsageAggregate, UsageEvent, UsagePeriod
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


@dataclass(frozen=True, slots=True)
class MetricUsage:
    """One metric's usage of one project, all dimensions and days together."""

    project_id: UUID
    project_name: str
    metric_name: str
    unit: str
    aggregation: str
    quantity: Decimal
    event_count: int


@dataclass(frozen=True, slots=True)
class EventStatus:
    """What became of an event id: pending, counted or dead_lettered."""

    event_id: str
    status: str
    received_at: datetime
    metric_name: str
    unit: str
    quantity: str
    occurred_at: datetime | None
    period: str | None = None
    is_late: bool | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MetricTotal:
    """One metric's sum over some hours: metrics of different units are never added up."""

    metric_name: str
    unit: str
    quantity: Decimal
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


def usage_by_metric(
    *, organisation: Organisation, period: BillingPeriod, project: Project | None = None
) -> tuple[MetricUsage, ...]:
    """A period's usage by project and metric."""
    aggregates = UsageAggregate.objects.filter(organisation=organisation, usage_month=period.start)
    if project is not None:
        aggregates = aggregates.filter(project=project)
    rows = (
        aggregates.values_list("project_id", "project__name", "metric__name", "metric__unit", "metric__aggregation")
        .annotate(total=Sum("total"), events=Sum("event_count"))
        .order_by("project__name", "metric__name", "metric__unit")
    )
    return tuple(
        MetricUsage(project_id, project_name, name, unit, aggregation, _quantity(aggregation, total, events), events)
        for project_id, project_name, name, unit, aggregation, total, events in rows
    )


def current_period(organisation: Organisation) -> BillingPeriod:
    """The calendar month it is now where the organisation is."""
    return BillingPeriod.containing(clock.now(), organisation.zone)


def event_status(*, project: Project, event_id: str) -> EventStatus | None:
    """What became of an event, or None if this project never sent it."""
    if "\x00" in event_id:
        return None  # refused at the door, and PostgreSQL couldn't even be asked
    return (
        _settled_status(project, event_id)
        or _pending_status(project, event_id)
        or _settled_status(project, event_id)  # settled between the two looks
    )


def _settled_status(project: Project, event_id: str) -> EventStatus | None:
    counted = (
        UsageEvent.objects.filter(organisation=project.organisation_id, project=project, event_id=event_id)
        .select_related("metric")
        .order_by("received_at")
        .first()
    )
    return _dead_status(project, event_id) if counted is None else _counted_status(counted)


def _counted_status(event: UsageEvent) -> EventStatus:
    return EventStatus(
        event_id=event.event_id,
        status="counted",
        received_at=event.received_at,
        metric_name=event.metric.name,
        unit=event.metric.unit,
        quantity=str(event.quantity),
        occurred_at=event.occurred_at,
        period=f"{event.usage_month:%Y-%m}",
        is_late=event.is_late,
    )


def _dead_status(project: Project, event_id: str) -> EventStatus | None:
    letter = (
        DeadLetter.objects.filter(organisation=project.organisation_id, project=project, event_id=event_id)
        .order_by("-last_seen_at")
        .first()
    )
    if letter is None:
        return None
    return EventStatus(
        event_id=event_id,
        status="dead_lettered",
        received_at=letter.first_seen_at,
        metric_name=letter.payload.get("metric_name", ""),
        unit=letter.payload.get("unit", ""),
        quantity=letter.payload.get("metric_value", ""),
        occurred_at=letter.payload.get("timestamp"),
        reason=letter.reason,
    )


def _pending_status(project: Project, event_id: str) -> EventStatus | None:
    """Looks into the payloads that are not settled yet, one at a time: a backlog may be larger than the memory."""
    batches = EventBatch.objects.filter(organisation=project.organisation_id, project=project)
    waiting = batches.exclude(status=EventBatch.Status.SETTLED).order_by("received_at")
    for batch_id, received_at in waiting.values_list("pk", "received_at"):
        batch = EventBatch.objects.filter(pk=batch_id, received_at=received_at).first()
        if batch is None:
            continue
        try:
            events = payload.unpack(bytes(batch.payload))
        except payload.DAMAGED:
            continue
        for event in events:
            if event.event_id == event_id:
                return EventStatus(
                    event_id=event_id,
                    status="pending",
                    received_at=batch.received_at,
                    metric_name=event.metric_name,
                    unit=event.unit,
                    quantity=event.quantity,
                    occurred_at=datetime.fromisoformat(event.timestamp) if event.timestamp else None,
                )
    return None


def has_usage(*, organisation: Organisation) -> bool:
    """Whether anything was ever counted for it."""
    return UsagePeriod.objects.filter(organisation=organisation).exists()


def organisations_with_usage(*, period: BillingPeriod) -> QuerySet[UsagePeriod, UUID]:
    """Ids of those for whom something was counted in a billing period."""
    return UsagePeriod.objects.filter(month=period.start).values_list("organisation_id", flat=True)


def open_months(*, before: date) -> list[tuple[UUID, date]]:
    """Organisation and first day of the months before a day's that have seen usage and are not closed."""
    still_open = UsagePeriod.objects.filter(closed_at__isnull=True, month__lt=before.replace(day=1))
    return list(still_open.order_by("month", "organisation_id").values_list("organisation_id", "month"))


def unsettled_batches(*, organisation: Organisation | None = None, received_before: datetime | None = None) -> int:
    """Accepted requests whose events are not counted yet, quarantined ones included."""
    batches = EventBatch.objects.exclude(status=EventBatch.Status.SETTLED)
    if organisation is not None:
        batches = batches.filter(organisation=organisation)
    if received_before is not None:
        batches = batches.filter(received_at__lt=received_before)
    return batches.count()


def settle_backlog(*, actor: Actor | None = None) -> SettleBacklog:
    """How far settling is behind, for everybody or for what an actor may see. Reads only what is not settled."""
    pending = Q(status=EventBatch.Status.PENDING)
    batches = EventBatch.objects.all() if actor is None else EventBatch.objects.for_organisations(actor)
    found = batches.exclude(status=EventBatch.Status.SETTLED).aggregate(
        pending=Count("pk", filter=pending),
        oldest=Min("received_at", filter=pending),
        quarantined=Count("pk", filter=Q(status=EventBatch.Status.QUARANTINED)),
    )
    age = (clock.now() - found["oldest"]).total_seconds() if found["oldest"] else 0
    return SettleBacklog(found["pending"], max(0, int(age)), found["quarantined"])


def ledger_position() -> int:
    """The highest id given out in the ledger, without reading it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM events_usageevent_id_seq")
        return int(cursor.fetchone()[0])


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


def _quantity(aggregation: str, total: Decimal, event_count: int) -> Decimal:
    return Decimal(event_count) if aggregation == Metric.Aggregation.COUNT else total


def metric_totals(*, aggregates: QuerySet[UsageAggregate], limit: int = 10) -> tuple[MetricTotal, ...]:
    """What some hours add up to, metric by metric, the busiest first."""
    rows = (
        aggregates.order_by()
        .values("metric__name", "metric__unit", "metric__aggregation")
        .annotate(total=Sum("total"), events=Sum("event_count"))
        .order_by("-events", "metric__name")[:limit]
    )
    return tuple(
        MetricTotal(
            row["metric__name"],
            row["metric__unit"],
            Decimal(row["events"]) if row["metric__aggregation"] == Metric.Aggregation.COUNT else row["total"],
            row["events"],
        )
        for row in rows
    )


def counted_by_day(*, aggregates: QuerySet[UsageAggregate], limit: int = 92) -> tuple[DailyUsage, ...]:
    """Counted events per UTC day of some hours, without gaps, at most the last `limit` days."""
    rows = (
        aggregates.order_by()
        .annotate(day=TruncDate("hour", tzinfo=UTC))
        .values("day")
        .annotate(events=Sum("event_count"))
        .order_by("-day")[:limit]
    )
    counted = {row["day"]: row["events"] for row in rows}
    if not counted:
        return ()
    last = max(counted)
    first = max(min(counted), last - timedelta(days=limit - 1))
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return tuple(DailyUsage(day, counted.get(day, 0)) for day in days)


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
        quantity=_quantity(aggregation, total, event_count),
        event_count=event_count,
        usage_period=BillingPeriod.of(day),
    )
