"""Questions about dead letters: the exact event, and what became of a replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from events.models import DeadLetter, EventBatch, UsageEvent


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """What became of a replayed dead letter: pending, quarantined, counted, duplicate or dead_lettered, and where."""

    status: str
    found: UsageEvent | DeadLetter | EventBatch | None = None


def replay_outcome(letter: DeadLetter) -> ReplayOutcome | None:
    """None for a letter that was not replayed. The replay's batch may be gone from the hot log already."""
    if letter.replay_batch_id is None:
        return None
    owner = {"organisation": letter.organisation_id, "project": letter.project_id}
    batch = EventBatch.objects.filter(**owner, pk=letter.replay_batch_id, received_at=letter.first_seen_at).first()
    if batch is not None and batch.status != EventBatch.Status.SETTLED:
        return ReplayOutcome(batch.status, batch)
    entries = UsageEvent.objects.filter(**owner, event_id=letter.event_id, kind=UsageEvent.Kind.USAGE)
    others = DeadLetter.objects.filter(**owner, event_id=letter.event_id).exclude(pk=letter.pk)
    if counted := entries.filter(batch_id=letter.replay_batch_id).first():
        return ReplayOutcome("counted", counted)
    if again := others.filter(batch_id=letter.replay_batch_id).first():
        return ReplayOutcome("dead_lettered", again)
    copy = counted_copy(
        organisation_id=letter.organisation_id,
        project_id=letter.project_id,
        event_id=letter.event_id,
        received_at=letter.first_seen_at,
    )
    if copy is not None:
        return ReplayOutcome("duplicate", copy)
    return ReplayOutcome("dead_lettered", others.order_by("-last_seen_at").first())


def counted_copy(*, organisation_id: UUID, project_id: UUID, event_id: str, received_at: datetime) -> UsageEvent | None:
    """What is counted of an event id, of several the one received nearest to that moment: its duplicates are of it."""
    copies = UsageEvent.objects.filter(
        organisation=organisation_id, project=project_id, event_id=event_id, kind=UsageEvent.Kind.USAGE
    )
    return min(copies, key=lambda copy: abs(copy.received_at - received_at), default=None)


def letter_json(letter: DeadLetter) -> str:
    """A dead letter's event as JSON text. As a dictionary its numbers would have become floats."""
    found = DeadLetter.objects.filter(pk=letter.pk).values_list(Cast("accepted_event", TextField()), flat=True)
    return str(found.get())
