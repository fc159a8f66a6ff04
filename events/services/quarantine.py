"""What an operator does with a batch that settling has put aside: try again, or give it up as dead letters."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, NotFound
from events import payload
from events.models import DeadLetter, EventBatch
from organisations import audit


def retry_batch(*, batch_id: UUID) -> EventBatch:
    """Another round of attempts. Raises DomainError BATCH_NOT_QUARANTINED."""
    with transaction.atomic():
        batch = _locked(batch_id)
        batch.status = EventBatch.Status.PENDING
        batch.attempts = 0
        batch.retry_at = None
        batch.save(update_fields=["status", "attempts", "retry_at"])
        audit.note(batch, status=(EventBatch.Status.QUARANTINED, batch.status))
    return batch


def discard_batch(*, batch_id: UUID, reason: str, discarded_by: str) -> EventBatch:
    """Turn the batch into dead letters, so that its month can close. Raises DomainError BATCH_NOT_QUARANTINED.

    If the payload can't be read, one dead letter keeps it as it is.
    """
    with transaction.atomic():
        batch = _locked(batch_id)
        DeadLetter.objects.bulk_create(
            [
                DeadLetter(
                    organisation_id=batch.organisation_id,
                    project_id=batch.project_id,
                    batch_id=batch.pk,
                    event_id=event_id,
                    reason=DeadLetter.Reason.BATCH_DISCARDED,
                    message=f"{reason} (discarded by {discarded_by})",
                    payload=event,
                    first_seen_at=batch.received_at,
                    last_seen_at=batch.received_at,
                )
                for event_id, event in _contents(batch)
            ],
            ignore_conflicts=True,  # an open dead letter of that id keeps the event already
        )
        batch.status = EventBatch.Status.SETTLED
        batch.settled_at = clock.now()
        batch.dead_lettered = batch.event_count
        batch.save(update_fields=["status", "settled_at", "dead_lettered"])
        audit.note(
            batch,
            reason=reason,
            status=(EventBatch.Status.QUARANTINED, batch.status),
            dead_lettered=(0, batch.dead_lettered),
        )
    return batch


def _contents(batch: EventBatch) -> list[tuple[str, dict[str, Any]]]:
    raw = bytes(batch.payload)
    try:
        return [(event.event_id, event.as_sent()) for event in payload.unpack(raw)]
    except payload.DAMAGED:
        return [(f"batch {batch.pk}", {"base64": base64.b64encode(raw).decode()})]


def _locked(batch_id: UUID) -> EventBatch:
    batch = EventBatch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise NotFound("There is no such batch.")
    if batch.status != EventBatch.Status.QUARANTINED:
        raise DomainError("The batch is not quarantined.", code="BATCH_NOT_QUARANTINED")
    found: EventBatch = batch
    return found
