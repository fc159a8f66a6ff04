"""Questions about dead letters: the exact event, and what became of a replay."""

from __future__ import annotations

from dataclasses import dataclass

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
    if first := entries.order_by("received_at").first():
        return ReplayOutcome("duplicate", first)
    return ReplayOutcome("dead_lettered", others.order_by("-last_seen_at").first())


def letter_json(letter: DeadLetter) -> str:
    """A dead letter's event as JSON text. As a dictionary its numbers would have become floats."""
    found = DeadLetter.objects.filter(pk=letter.pk).values_list(Cast("accepted_event", TextField()), flat=True)
    return str(found.get())
