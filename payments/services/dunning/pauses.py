"""Note a promise to pay, or pause and resume what asks for an invoice again."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from invoicing.models import Invoice, InvoiceQuestion
from payments.models import ReminderPause

LONGEST_PROMISE = timedelta(days=180)


@transaction.atomic
def note_promise(*, invoice_id: UUID, last_day: date, note: str, placed_by: str) -> ReminderPause:
    """Nobody asks again until that day is over; a new promise or pause takes the place of one that stands.

    Raises NotFound, DomainError INVOICE_NOT_COLLECTABLE, and InvalidInput for a day that has passed or is more than
    180 days ahead.
    """
    invoice = _locked(invoice_id)
    today = clock.today(invoice.organisation.time_zone)
    if last_day < today:
        raise InvalidInput.field("last_day", "This day has passed: choose the day by which they will pay.")
    if last_day > today + LONGEST_PROMISE:
        raise InvalidInput.field("last_day", f"Choose a day up to {day_text(today + LONGEST_PROMISE)}.")
    return _place(invoice, ReminderPause.Kind.PROMISE, last_day, note, placed_by)


@transaction.atomic
def pause(*, invoice_id: UUID, note: str, placed_by: str, last_day: date | None = None) -> ReminderPause:
    """Nobody asks again until a day is over, or until somebody resumes it. Raises as `note_promise`."""
    invoice = _locked(invoice_id)
    if last_day is not None and last_day < clock.today(invoice.organisation.time_zone):
        raise InvalidInput.field("last_day", "The pause would be over already: choose a later day.")
    return _place(invoice, ReminderPause.Kind.PAUSE, last_day, note, placed_by)


@transaction.atomic
def pause_for_question(*, question_id: UUID, placed_by: str) -> ReminderPause:
    """Nobody asks again until the customer's question is closed. Raises NotFound, DomainError QUESTION_CLOSED or
    INVOICE_NOT_COLLECTABLE."""
    found: InvoiceQuestion | None = InvoiceQuestion.objects.filter(pk=question_id).first()
    if found is None:
        raise NotFound("There is no such question.")
    invoice = _locked(found.invoice_id)
    found.refresh_from_db()
    if found.is_closed:
        raise DomainError("The question is closed: there is nothing to wait for.", code="QUESTION_CLOSED")
    return _place(invoice, ReminderPause.Kind.PAUSE, None, "The customer has a question.", placed_by, question=found)


def end_pause_for(question: InvoiceQuestion) -> None:
    """Asking goes on. The caller holds the invoice's lock."""
    for row in question.reminder_pauses.filter(ended_at__isnull=True):
        row.ended_at, row.ended_by = clock.now(), question.closed_by
        row.save(update_fields=["ended_at", "ended_by", "updated_at"])


@transaction.atomic
def resume(*, invoice_id: UUID, ended_by: str) -> ReminderPause:
    """End what stands: reminders and retries go on. Raises NotFound, DomainError NOT_PAUSED."""
    invoice = _locked(invoice_id, even_if_paid=True)
    today = clock.today(invoice.organisation.time_zone)
    standing: ReminderPause | None = ReminderPause.objects.standing(today).filter(invoice=invoice).first()
    if standing is None:
        raise DomainError(f"Nothing keeps invoice {invoice} from being asked for.", code="NOT_PAUSED")
    _end(invoice, ended_by)
    standing.refresh_from_db()
    return standing


def _place(
    invoice: Invoice,
    kind: str,
    last_day: date | None,
    note: str,
    placed_by: str,
    *,
    question: InvoiceQuestion | None = None,
) -> ReminderPause:
    _end(invoice, placed_by)
    placed = ReminderPause(
        invoice=invoice,
        kind=kind,
        last_day=last_day,
        note=note.strip(),
        placed_by=placed_by[:200],
        question=question,
    )
    placed.full_clean()
    placed.save()
    return placed


def _end(invoice: Invoice, by: str) -> None:
    for row in ReminderPause.objects.filter(invoice=invoice, ended_at__isnull=True):
        row.ended_at, row.ended_by = clock.now(), by[:200]
        row.save(update_fields=["ended_at", "ended_by", "updated_at"])


def _locked(invoice_id: UUID, *, even_if_paid: bool = False) -> Invoice:
    rows = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation__billing_entity")
    invoice: Invoice | None = rows.filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("There is no such invoice.")
    if not (invoice.is_collectable or even_if_paid):
        raise DomainError(f"Nothing is due on invoice {invoice}.", code="INVOICE_NOT_COLLECTABLE")
    return invoice
