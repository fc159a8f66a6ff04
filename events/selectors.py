"""Questions about usage: the only door through which invoicing, the dashboard and health look at it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet
from django.utils.timezone import localtime

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events import payload
from events.metering import usage_for
from events.models import (
    DeadLetter,
    EventBatch,
    HotLogDay,
    UsageAggregate,
    UsageCorrection,
    UsageEvent,
    UsagePeriod,
)
from organisations.models import Organisation, Project
from organisations.scoping import Actor

RECENT = timedelta(days=1)
LOOKING_SECONDS = 0.3
BATCHES_LOOKED_INTO = 1_000  # more of them take longer than that anyhow


@dataclass(frozen=True, slots=True)
class SettleBacklog:
    """`oldest_age_seconds` is of requests not tried yet: failing ones say nothing of its speed."""

    pending: int
    oldest_age_seconds: int
    quarantined: int
    failing: int = 0


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
    correction: EventCorrection | None = None


@dataclass(frozen=True, slots=True)
class EventCorrection:
    """The last one of a counted event: void, or what it counts instead."""

    action: str
    quantity: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One row that an event has in the ledger: itself, a reversal or a replacement, and the correction behind it."""

    row: UsageEvent
    correction: UsageCorrection | None
    is_current: bool


def usage_by_metric(
    *, organisation: Organisation, period: BillingPeriod, project: Project | None = None
) -> tuple[MetricUsage, ...]:
    """A period's usage by project and metric: what its invoice would charge for."""
    totals: dict[tuple[UUID, str, str], MetricUsage] = {}
    for row in usage_for(organisation=organisation, period=period, project=project):
        key = (row.project_id, row.metric_name, row.unit)
        before = totals.get(key)
        totals[key] = MetricUsage(
            row.project_id,
            row.project_name,
            row.metric_name,
            row.unit,
            row.aggregation,
            row.quantity + (before.quantity if before else 0),
            row.event_count + (before.event_count if before else 0),
        )
    return tuple(totals.values())


def current_period(organisation: Organisation) -> BillingPeriod:
    """The calendar month it is now where the organisation is."""
    return BillingPeriod.containing(clock.now(), organisation.zone)


def event_status(*, project: Project, event_id: str) -> EventStatus | None:
    """What became of an event, or None if this project never sent it; UNAVAILABLE if too much waits to be sure."""
    if "\x00" in event_id:
        return None  # refused at the door, and PostgreSQL couldn't even be asked
    return (
        _settled_status(project, event_id)
        or _pending_status(project, event_id)
        or _settled_status(project, event_id)  # settled between the two looks
    )


def _settled_status(project: Project, event_id: str) -> EventStatus | None:
    counted = (
        UsageEvent.objects.filter(
            organisation=project.organisation_id, project=project, event_id=event_id, kind=UsageEvent.Kind.USAGE
        )
        .select_related("metric")
        .order_by("received_at")
        .first()
    )
    return _dead_status(project, event_id) if counted is None else _counted_status(counted)


def _counted_status(event: UsageEvent) -> EventStatus:
    corrections = corrections_of(event)
    last = corrections[-1] if corrections else None
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
        correction=EventCorrection(last.action, last.quantity_after, last.created_at) if last else None,
    )


def corrections_of(event: UsageEvent) -> list[UsageCorrection]:
    """What was done to a counted event, first to last: each cancels the entry that the one before put in place."""
    found = UsageCorrection.objects.filter(
        organisation=event.organisation_id,
        project=event.project_id,
        event_id=event.event_id,
        received_month=event.received_month,
    )
    by_cancelled = {correction.cancelled_event_id: correction for correction in found}
    chain: list[UsageCorrection] = []
    cancelled = event.event_id
    while cancelled in by_cancelled:
        chain.append(by_cancelled[cancelled])
        cancelled = entry_id(chain[-1].pk, UsageEvent.Kind.REPLACEMENT)
    return chain


def current_entry(event: UsageEvent) -> UsageEvent | None:
    """The ledger entry by which an event counts now: itself or its last replacement; None if it is void."""
    return next((entry.row for entry in ledger_entries(event) if entry.is_current), None)


def ledger_entries(event: UsageEvent) -> tuple[LedgerEntry, ...]:
    """A counted event's rows in the ledger: the event, and for each correction its reversal and replacement."""
    corrections = corrections_of(event)
    if not corrections:
        return (LedgerEntry(event, None, is_current=True),)
    written = {
        entry_id(correction.pk, kind): correction
        for correction in corrections
        for kind in (UsageEvent.Kind.REVERSAL, UsageEvent.Kind.REPLACEMENT)
    }
    found = UsageEvent.objects.filter(
        organisation=event.organisation_id,
        project=event.project_id,
        event_id__in=written,
        received_month=event.received_month,
    )
    rows = {row.event_id: row for row in found}
    cancelled = {correction.cancelled_event_id for correction in corrections}
    added = (
        LedgerEntry(row, correction, row.kind == UsageEvent.Kind.REPLACEMENT and name not in cancelled)
        for name, correction in written.items()
        if (row := rows.get(name))
    )
    return (LedgerEntry(event, None, is_current=False), *added)


def original_of(entry: UsageEvent) -> UsageEvent:
    """The event that a ledger entry is about: itself, or what its correction corrects."""
    if entry.kind == UsageEvent.Kind.USAGE:
        return entry
    correction = UsageCorrection.objects.get(organisation=entry.organisation_id, pk=entry.batch_id)
    return corrected_event(correction)


def corrected_event(correction: UsageCorrection) -> UsageEvent:
    found: UsageEvent = UsageEvent.objects.get(
        organisation=correction.organisation_id,
        project=correction.project_id,
        event_id=correction.event_id,
        received_month=correction.received_month,
    )
    return found


def entry_id(correction_id: UUID, kind: str) -> str:
    """What a correction's entry is called in the ledger."""
    return f"correction:{correction_id}:{kind}"


def _dead_status(project: Project, event_id: str) -> EventStatus | None:
    letter = (
        DeadLetter.objects.filter(organisation=project.organisation_id, project=project, event_id=event_id)
        .exclude(status=DeadLetter.Status.REPLAYED)  # waits again, or became something else
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
    deadline = time.monotonic() + LOOKING_SECONDS
    batches = EventBatch.objects.filter(organisation=project.organisation_id, project=project)
    waiting = batches.exclude(status=EventBatch.Status.SETTLED).order_by("received_at").values_list("pk", "received_at")
    for number, (batch_id, received_at) in enumerate(waiting[: BATCHES_LOOKED_INTO + 1]):
        if number == BATCHES_LOOKED_INTO or time.monotonic() >= deadline:
            raise DomainError(
                "Too much of this project waits to be counted to look for the event just now. Ask again later.",
                code="UNAVAILABLE",
                status=503,
            )
        batch = EventBatch.objects.filter(pk=batch_id, received_at=received_at).first()
        try:
            events = payload.unpack(bytes(batch.payload)) if batch else []
        except payload.DAMAGED:
            continue
        if batch and (event := next((event for event in events if event.event_id == event_id), None)):
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


def organisations_with_usage(*, period: BillingPeriod) -> set[UUID]:
    """Ids of those for whom something was counted in a billing period, test usage aside."""
    periods = UsagePeriod.objects.filter(month=period.start)
    return {organisation_id for organisation_id, _month in _with_live_usage(periods)}


def open_months(*, before: date) -> list[tuple[UUID, date]]:
    """Organisation and first day of the months before a day's that have seen live usage and are not closed."""
    return _with_live_usage(UsagePeriod.objects.filter(closed_at__isnull=True, month__lt=before.replace(day=1)))


def _with_live_usage(periods: QuerySet[UsagePeriod]) -> list[tuple[UUID, date]]:
    """Organisation and month of those not made of test usage alone. Only who has test projects is asked for."""
    found = list(periods.order_by("month", "organisation_id").values_list("organisation_id", "month"))
    owners = {organisation_id for organisation_id, _month in found}
    testing = set(
        Project.objects.filter(organisation__in=owners, mode=Project.Mode.TEST)
        .order_by()
        .values_list("organisation_id", flat=True)
    )
    if not testing:
        return found
    live = Project.objects.filter(organisation__in=testing, mode=Project.Mode.LIVE)
    used = set(
        UsageAggregate.objects.filter(
            organisation__in=testing,
            project__in=list(live.values_list("pk", flat=True)),
            usage_month__in={month for _organisation_id, month in found},
        )
        .order_by()
        .values_list("organisation_id", "usage_month")
        .distinct()
    )
    return [pair for pair in found if pair[0] not in testing or pair in used]


def unsettled_batches(*, organisation: Organisation | None = None, received_before: datetime | None = None) -> int:
    """Accepted requests of live projects whose events are not counted yet, quarantined ones included."""
    batches = EventBatch.objects.exclude(status=EventBatch.Status.SETTLED).filter(project__mode=Project.Mode.LIVE)
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
        oldest=Min("received_at", filter=pending & Q(attempts=0, is_replay=False)),
        failing=Count("pk", filter=pending & Q(attempts__gt=0)),
        quarantined=Count("pk", filter=Q(status=EventBatch.Status.QUARANTINED)),
    )
    age = (clock.now() - found["oldest"]).total_seconds() if found["oldest"] else 0
    return SettleBacklog(found["pending"], max(0, int(age)), found["quarantined"], found["failing"])


def recent_conflicts(*, actor: Actor) -> QuerySet[EventBatch]:
    """Requests of the last day that brought a known id with another body: whoever sends them may be mistaken."""
    batches: QuerySet[EventBatch] = EventBatch.objects.for_organisations(actor)
    return batches.filter(conflicts__gt=0, received_at__gte=clock.now() - RECENT)


def ledger_position() -> int:
    """The highest id given out in the ledger, without reading it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM events_usageevent_id_seq")
        return int(cursor.fetchone()[0])


def hot_log_days_kept() -> int:
    """Days of the hot log that could not be dropped when their time had come."""
    return HotLogDay.objects.kept().count()


def batch_is_gone(event: UsageEvent) -> str:
    """A sentence if the batch that brought an event is in the hot log no more."""
    if EventBatch.objects.filter(pk=event.batch_id, received_at=event.received_at).exists():
        return ""
    day = HotLogDay.objects.filter(day=event.received_at.astimezone(UTC).date()).first()
    if day is None or day.dropped_at is None or day.verified_at is None:
        return "dropped from the hot log."
    dropped, verified = (day_text(localtime(moment)) for moment in (day.dropped_at, day.verified_at))
    return f"dropped on {dropped}, after it was verified on {verified}."
