"""The last minutes of a customer: what was accepted, what of it is counted, and how far counting is behind.

Two things that are cheap to know: the hot log of the last minutes, and the aggregates of the running hour and of the
one before. What is not settled yet is in no aggregate, so the answer says until when everything is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Min, Q, QuerySet, Sum
from django.db.models.functions import TruncMinute

from billing_platform.lib import clock
from events.models import EventBatch, Metric, UsageAggregate
from events.usage.metered import MetricKey
from organisations.models import Organisation, Project

MINUTES = 15
_AN_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Minute:
    """Events accepted in one minute; `pending` are those of them that are not counted yet."""

    start: datetime
    accepted: int
    pending: int


@dataclass(frozen=True, slots=True)
class RecentMetric:
    """Counted events of one metric that happened in the running hour and in the hour before."""

    metric: MetricKey
    this_hour: int
    last_hour: int


@dataclass(frozen=True, slots=True)
class RealTime:
    """`counted_until`: whatever was accepted before this moment is counted, save what is quarantined. `backlog` events
    wait, the oldest for `lag_seconds`; `quarantined` ones wait for a person."""

    as_of: datetime
    counted_until: datetime
    lag_seconds: int
    backlog: int
    quarantined: int
    minutes: tuple[Minute, ...]
    metrics: tuple[RecentMetric, ...]


def real_time(
    *, organisation: Organisation, project: Project | None = None, metric_name: str = "", minutes: int = MINUTES
) -> RealTime:
    """Of the live projects, or of one, test or live. With a metric's name, `metrics` has that one; requests are not
    told apart by metric before they are counted."""
    now = clock.now()
    projects = [project.pk] if project else _live_projects(organisation)
    batches = EventBatch.objects.filter(organisation=organisation, project__in=projects)
    waiting = Q(status=EventBatch.Status.PENDING)
    unsettled = batches.exclude(status=EventBatch.Status.SETTLED).aggregate(
        events=Sum("event_count", filter=waiting, default=0),
        oldest=Min("received_at", filter=waiting),
        quarantined=Sum("event_count", filter=~waiting, default=0),
    )
    counted_until = min(unsettled["oldest"] or now, now)
    return RealTime(
        as_of=now,
        counted_until=counted_until,
        lag_seconds=int((now - counted_until).total_seconds()),
        backlog=unsettled["events"],
        quarantined=unsettled["quarantined"],
        minutes=_minutes(batches, now, minutes),
        metrics=_metrics(organisation, projects, metric_name, now),
    )


def _live_projects(organisation: Organisation) -> list[UUID]:
    return list(Project.objects.filter(organisation=organisation, mode=Project.Mode.LIVE).values_list("pk", flat=True))


def _minutes(batches: QuerySet[EventBatch], now: datetime, minutes: int) -> tuple[Minute, ...]:
    """The last minutes, the running one included; replayed dead letters were accepted before."""
    running = now.replace(second=0, microsecond=0)
    first = running - (minutes - 1) * _MINUTE
    rows = (
        batches.filter(received_at__gte=first, is_replay=False)
        .order_by()
        .annotate(minute=TruncMinute("received_at"))
        .values_list("minute")
        .annotate(
            accepted=Sum("event_count"),
            pending=Sum("event_count", filter=Q(status=EventBatch.Status.PENDING), default=0),
        )
    )
    found = {minute: (accepted, pending) for minute, accepted, pending in rows}
    starts = (first + number * _MINUTE for number in range(minutes))
    return tuple(Minute(start, *found.get(start, (0, 0))) for start in starts)


def _metrics(
    organisation: Organisation, projects: list[UUID], metric_name: str, now: datetime
) -> tuple[RecentMetric, ...]:
    """Hours begin where the customer's hours do: half past, in some zones of UTC."""
    local = now.astimezone(organisation.zone)
    this_hour = local.replace(minute=0, second=0, microsecond=0)
    last_hour = this_hour - _AN_HOUR
    months = {(this_hour + timedelta(days=offset)).date().replace(day=1) for offset in (-31, -1, 0, 1, 31)}
    hours = UsageAggregate.objects.filter(
        organisation=organisation, project__in=projects, counted_in__in=months, hour__gte=last_hour
    ).filter(hour__lt=this_hour + _AN_HOUR)
    if metric_name:
        own = Metric.objects.filter(Q(organisation=None) | Q(organisation=organisation), name=metric_name)
        hours = hours.filter(metric__in=list(own.values_list("pk", flat=True)))
    rows = (
        hours.order_by("metric__name", "metric__unit")
        .values_list("metric__name", "metric__unit")
        .annotate(
            this_hour=Sum("event_count", filter=Q(hour__gte=this_hour), default=0),
            last_hour=Sum("event_count", filter=Q(hour__lt=this_hour), default=0),
        )
    )
    return tuple(RecentMetric((name, unit), running, before) for name, unit, running, before in rows)
