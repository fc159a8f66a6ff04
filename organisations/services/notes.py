"""Write notes about a customer, tell the colleagues whom they name, and say that one was followed up."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, NotFound
from organisations.models import CustomerNote, Organisation
from organisations.services import mentions


@transaction.atomic
def write_note(
    *, organisation: Organisation, text: str, written_by: str, follow_up_on: date | None = None
) -> CustomerNote:
    """`follow_up_on` is a day on the operators' calendar. Raises ValidationError for an empty or long text, and
    InvalidInput for an @ and a name of nobody who may see the customer."""
    note = CustomerNote(
        organisation=organisation, text=text.strip(), written_by=written_by[:200], follow_up_on=follow_up_on
    )
    note.full_clean()
    colleagues = mentions.colleagues_named(organisation=organisation, text=note.text)
    note.save()
    mentions.mention(note=note, users=colleagues)
    return note


@transaction.atomic
def finish_follow_up(*, note_id: UUID, done_by: str) -> CustomerNote:
    """Raises NotFound, and DomainError NOT_WAITING for a note with nothing to follow up."""
    note: CustomerNote | None = CustomerNote.objects.select_for_update().filter(pk=note_id).first()
    if note is None:
        raise NotFound("There is no such note.")
    if not note.is_waiting:
        raise DomainError("There is nothing to follow up on this note.", code="NOT_WAITING")
    note.done_at, note.done_by = clock.now(), done_by[:200]
    note.save(update_fields=["done_at", "done_by", "updated_at"])
    return note
