"""How far settling is behind, and what the hot log still holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet
from django.utils.timezone import localtime

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from events.models import (
    EventBatch,
    HotLogDay,
    UsageEvent,
)
from organisations.models import Organisation, Project
from organisations.scoping import Actor

RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SettleBacklog:
    """`oldest_age_seconds` is of requests not tried yet: failing ones say nothing of its speed."""

    pending: int
    oldest_age_seconds: int
    quarantined: int
    failing: int = 0


def unsettled_batches(*, organisation: Organisation | None = None, received_before: datetime | None = None) -> int:
    """Accepted requests of live projects whose events are not counted yet, quarantined ones included."""
    batches = EventBatch.objects.exclude(status=EventBatch.Status.SETTLED).filter(project__mode=Project.Mode.LIVE)
    if organisation is not None:
        batches = batches.filter(organisation=organisation)
    if received_before is not None:
        batches = batches.filter(received_at__lt=received_before)
    return batches.count()


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Accepted requests of live projects that are not counted: those that wait, and those that can't be counted."""

    pending: int
    quarantined: int


def unsettled_by_status(*, actor: Actor, received_before: datetime) -> Unsettled:
    """Of the organisations that an actor may see."""
    batches = EventBatch.objects.for_organisations(actor).exclude(status=EventBatch.Status.SETTLED)
    found = batches.filter(project__mode=Project.Mode.LIVE, received_at__lt=received_before).aggregate(
        pending=Count("pk", filter=Q(status=EventBatch.Status.PENDING)),
        quarantined=Count("pk", filter=Q(status=EventBatch.Status.QUARANTINED)),
    )
    return Unsettled(**found)


def unsettled_by_organisation(*, until: Mapping[UUID, datetime]) -> dict[UUID, int]:
    """`unsettled_batches` of many organisations, each with the instant before which the requests were received; those
    that have none are left out."""
    if not until:
        return {}
    batches = EventBatch.objects.exclude(status=EventBatch.Status.SETTLED).filter(
        project__mode=Project.Mode.LIVE, organisation__in=until, received_at__lt=max(until.values())
    )
    received = batches.order_by().values_list("organisation_id", "received_at")
    return Counter(organisation_id for organisation_id, at in received if at < until[organisation_id])


def settle_backlog(*, actor: Actor | None = None) -> SettleBacklog:
    """How far settling is behind, for all organisations or for those an actor may see. Reads only unsettled batches."""
    pending = Q(status=EventBatch.Status.PENDING)
    batches = EventBatch.objects.all() if actor is None else EventBatch.objects.for_organisations(actor)
    found = batches.exclude(status=EventBatch.Status.SETTLED).aggregate(
        pending=Count("pk", filter=pending),
        oldest=Min("received_at", filter=pending & Q(attempts=0, is_replay=False)),
        failing=Count("pk", filter=pending & Q(attempts__gt=0)),
        quarantined=Count("pk", filter=Q(status=EventBatch.Status.QUARANTINED)),
    )
    age = (clock.now() - found["oldest"]).total_seconds() if found["oldest"] else 0
    return SettleBacklog(found["pending"], max(0, int(age)), found["quarantined"], found["failing"])


def recent_conflicts(*, actor: Actor) -> QuerySet[EventBatch]:
    """Requests of the last day that sent a known event id with another body: their sender may be mistaken."""
    batches: QuerySet[EventBatch] = EventBatch.objects.for_organisations(actor)
    return batches.filter(conflicts__gt=0, received_at__gte=clock.now() - RECENT)


def ledger_position() -> int:
    """The highest id given out in the ledger, without reading it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM events_usageevent_id_seq")
        return int(cursor.fetchone()[0])


def hot_log_days_retained() -> int:
    """Days of the hot log that are past their retention and could not be dropped."""
    return HotLogDay.objects.retained().count()


def batch_is_gone(event: UsageEvent) -> str:
    """A sentence if the batch that brought an event is in the hot log no more."""
    if EventBatch.objects.filter(pk=event.batch_id, received_at=event.received_at).exists():
        return ""
    day = HotLogDay.objects.filter(day=event.received_at.astimezone(UTC).date()).first()
    if day is None or day.dropped_at is None or day.verified_at is None:
        return "dropped from the hot log."
    dropped, verified = (day_text(localtime(moment)) for moment in (day.dropped_at, day.verified_at))
    return f"dropped on {dropped}, after it was verified on {verified}."
