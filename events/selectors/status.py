"""What became of one event, as its sender asks: pending, counted, corrected, dead."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from billing_platform.lib.errors import DomainError
from events.models import (
    DeadLetter,
    EventBatch,
    UsageEvent,
)
from events.selectors.entries import EventCorrection, corrections_of
from events.wire import packing
from organisations.models import Project

LOOKING_SECONDS = 0.3
BATCHES_LOOKED_INTO = 1_000  # more of them take longer than that anyhow


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


def event_status(*, project: Project, event_id: str) -> EventStatus | None:
    """What became of an event, or None if this project never sent it; UNAVAILABLE if too much waits to be sure."""
    if "\x00" in event_id:
        return None  # no such event was accepted, and PostgreSQL can't be asked for it
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
        period=f"{event.counted_in:%Y-%m}",
        is_late=event.is_late,
        correction=EventCorrection(last.action, last.quantity_after, last.created_at) if last else None,
    )


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
        metric_name=letter.accepted_event.get("metric_name", ""),
        unit=letter.accepted_event.get("unit", ""),
        quantity=letter.accepted_event.get("metric_value", ""),
        occurred_at=letter.accepted_event.get("timestamp"),
        reason=letter.reason,
    )


def _pending_status(project: Project, event_id: str) -> EventStatus | None:
    """Looks into the batches that are not settled yet, one at a time: a backlog may be larger than the memory."""
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
            events = packing.unpack(bytes(batch.packed_events)) if batch else []
        except packing.DAMAGED:
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
