"""Deliver an issued credit note, as waiting work: make its PDF, then hand the e-mail with it to the outbox.

The note itself is the waiting row. What the steps promise is told at the deliveries of invoices, `delivery.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.work.claims import State, claim, due_ids, note_failure
from billing_platform.lib.work.waking import wake_on_commit
from invoicing.documents import InvoiceDocument, Standing
from invoicing.emails import queue_credit_note_email
from invoicing.models import CreditNote
from invoicing.models.e_invoice import waits_for_irn
from invoicing.selectors.e_invoices import e_invoice_of, registration_of
from invoicing.services import stored_pdfs
from organisations import audit
from organisations.notifications.recipients import addresses, distinct, recipients

PdfState = CreditNote.PdfState


def begin_delivery(note: CreditNote, *, to: list[str]) -> None:
    """Have the PDF of a new note made, and then e-mailed to the addresses."""
    note.send_to = to
    note.save(update_fields=["send_to", *note.try_now()])
    _wake(note)


@transaction.atomic
def send_credit_note(*, note_id: UUID, to: Sequence[str] | None = None) -> CreditNote:
    """E-mail the note with its PDF: once more to the addresses given, or to the customer's recipients. Where the
    PDF is not made yet, the e-mail waits for it. Raises InvalidInput for `to`."""
    note = _lock(note_id)
    wanted = addresses(to) if to is not None else recipients(note.organisation, "credit_note_issued")
    note.send_to = distinct([*note.send_to, *wanted])
    if note.pdf_state == PdfState.READY:
        _hand_over(note)
        return note
    changed = note.try_now() if note.work_state != State.AT_WORK else []
    note.save(update_fields=["send_to", *changed])
    _wake(note)
    return note


@transaction.atomic
def try_now(*, note_id: UUID) -> None:
    """An operator's wish: deliver at once what waits after a failure or was given up.

    Raises DomainError DELIVERY_NOT_WAITING where nothing of the kind waits.
    """
    note = _lock(note_id)
    if not note.may_be_tried_now:
        raise DomainError(f"Credit note {note} waits for no other try to deliver it.", code="DELIVERY_NOT_WAITING")
    before = note.attempts
    note.save(update_fields=note.try_now())
    audit.note(note, delivery_attempts=(before, 0))
    _wake(note)


def due_deliveries() -> list[UUID]:
    """Ids of notes to be rendered or sent now: new ones, those to be tried again, those whose worker died."""
    return due_ids(_deliverable())


def deliver(*, note_id: UUID) -> None:
    """Make the PDF if it is not there, then e-mail the note with it to whoever waits for it. A failure is stored on
    the note, and tried again with growing pauses."""
    note = claim(_deliverable(), note_id)
    if note is None:
        return
    try:
        if note.pdf_state != PdfState.READY:
            stored = _store_pdf(note)
            CreditNote.objects.filter(pk=note.pk).update(
                pdf=stored.name, pdf_sha256=stored.sha256, pdf_state=PdfState.READY, updated_at=clock.now()
            )
        with transaction.atomic():
            _hand_over(_lock(note_id))
    except Exception as error:  # whatever a picture, a font, a template or the storage may throw
        note.refresh_from_db(fields=["pdf_state"])
        given_up = note.max_attempts is not None and note.attempts >= note.max_attempts
        if given_up and note.pdf_state != PdfState.READY:
            note_failure(note, error, pdf_state=PdfState.FAILED)
        else:
            note_failure(note, error)


def read_pdf(note: CreditNote) -> tuple[str, bytes]:
    """File name and content. Made on the spot when it is not there yet or was lost. Raises as `stored_pdfs.read`."""
    stored = stored_pdfs.StoredPdf.of(note)
    return stored_pdfs.read(InvoiceDocument.from_json(note.document), stored, standing_of(note))


def restore_pdf(note: CreditNote) -> None:
    """Put its file back where it is lost or was changed. Raises as `stored_pdfs.restore`."""
    stored_pdfs.restore(InvoiceDocument.from_json(note.document), stored_pdfs.StoredPdf.of(note), standing_of(note))


def _store_pdf(note: CreditNote) -> stored_pdfs.StoredPdf:
    document = InvoiceDocument.from_json(note.document)
    standing = standing_of(note)
    name = f"credit-notes/{note.financial_year}/{stored_pdfs.folder(note.pk, standing)}/{document.filename}"
    return stored_pdfs.store(document, name, standing)


def standing_of(note: CreditNote) -> Standing:
    """As it was issued: with its IRN, once it has one."""
    return Standing(registration=registration_of(note))


def _deliverable() -> QuerySet[CreditNote]:
    """What may be worked on now: the PDF of a note waits for the IRN that it prints."""
    return CreditNote.objects.exclude(waits_for_irn(""))


def _hand_over(note: CreditNote) -> None:
    """Queue one e-mail to whoever waits for the note; also when nobody does, it is delivered. While the note lacks its
    IRN, those who wait go on waiting."""
    e_invoice = e_invoice_of(note) if note.send_to else None
    if e_invoice is not None and e_invoice.holds_mail:
        note.save(update_fields=["send_to", *note.wait()])
        return
    fields: Iterable[str] = note.end()
    if note.send_to:
        queue_credit_note_email(note, to=note.send_to)
        note.send_to, note.sent_at = [], clock.now()
        fields = [*fields, "sent_at"]
    note.save(update_fields=["send_to", *fields])


def _lock(note_id: UUID) -> CreditNote:
    rows = CreditNote.objects.select_for_update(of=("self",)).select_related("organisation", "invoice")
    note: CreditNote = rows.get(pk=note_id)
    return note


def _wake(note: CreditNote) -> None:
    wake_on_commit("invoicing.tasks.deliver_credit_note", note.pk)
