"""What an operator does with a quarantined batch: try it again, or turn it into dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, NotFound
from events.models import DeadLetter, EventBatch
from events.services.settling import dead_letter_rows
from events.wire import packing
from events.wire.packing import StoredEvent, UnreadableRequest
from organisations import audit


def retry_batch(*, batch_id: UUID) -> EventBatch:
    """Try the batch again, alone, so that it does not hold up others. Raises DomainError BATCH_NOT_QUARANTINED."""
    with transaction.atomic():
        batch = _locked(batch_id)
        fields = batch.try_now()
        batch.attempts = 1  # none at all, and it would be settled together with fresh ones
        batch.save(update_fields=fields)
        audit.note(batch, status=(EventBatch.Status.QUARANTINED, batch.status))
    return batch


def discard_batch(*, batch_id: UUID, reason: str, discarded_by: str) -> EventBatch:
    """Turn the batch into dead letters, so that its month can close. Raises DomainError BATCH_NOT_QUARANTINED.

    If its packed events can't be read, one dead letter stores them as they are; metadata that PostgreSQL refuses is
    stored in base64.
    """
    with transaction.atomic():
        batch = _locked(batch_id)
        dead_letter_rows.write(
            [
                dead_letter_rows.NewLetter(
                    organisation_id=batch.organisation_id,
                    project_id=batch.project_id,
                    batch_id=batch.pk,
                    received_at=batch.received_at,
                    event=event,
                    reason=DeadLetter.Reason.BATCH_DISCARDED,
                    message=f"{reason} (discarded by {discarded_by})",
                )
                for event in _contents(batch)
            ]
        )
        fields = batch.end()
        batch.settled_at = clock.now()
        batch.dead_lettered = batch.event_count
        batch.save(update_fields=[*fields, "settled_at", "dead_lettered"])
        audit.note(
            batch,
            reason=reason,
            status=(EventBatch.Status.QUARANTINED, batch.status),
            dead_lettered=(0, batch.dead_lettered),
        )
    return batch


def _contents(batch: EventBatch) -> Sequence[StoredEvent | UnreadableRequest]:
    raw = bytes(batch.packed_events)
    try:
        return packing.unpack(raw)
    except packing.DAMAGED:
        return [UnreadableRequest(batch.pk, raw)]


def _locked(batch_id: UUID) -> EventBatch:
    batch = EventBatch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise NotFound("There is no such batch.")
    if batch.status != EventBatch.Status.QUARANTINED:
        raise DomainError("The batch is not quarantined.", code="BATCH_NOT_QUARANTINED")
    found: EventBatch = batch
    return found
