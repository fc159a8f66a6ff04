"""A customer asks about an invoice or one of its lines; the seller answers, and a person closes the question."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from invoicing.emails import queue_question_answered
from invoicing.models import Invoice, InvoiceLine, InvoiceQuestion, QuestionMessage
from invoicing.models.invoice_question import QUESTION_LENGTH
from invoicing.services.locking import lock_invoice
from invoicing.signals import question_closed

Status, Side = InvoiceQuestion.Status, QuestionMessage.Side


@transaction.atomic
def ask_about_invoice(*, invoice_id: UUID, text: str, asked_by: str, line_id: UUID | None = None) -> InvoiceQuestion:
    """Write a customer's text. Where a question about the same is not closed yet, it is written into that one.

    Raises NotFound, also for a line of another invoice, DomainError INVOICE_NOT_FINALIZED for a draft, and
    ValidationError for an empty or long text.
    """
    invoice = lock_invoice(invoice_id)
    if invoice.is_draft:
        raise DomainError("The invoice is a draft: nobody has it yet.", code="INVOICE_NOT_FINALIZED")
    line = _line_of(invoice, line_id)
    question: InvoiceQuestion | None = (
        InvoiceQuestion.objects.select_for_update().not_closed().filter(invoice=invoice, line=line).first()
    )
    if question is None:
        question = InvoiceQuestion.objects.create(invoice=invoice, line=line, waits_since=clock.now())
    elif question.status == Status.ANSWERED:
        question.status, question.waits_since = Status.OPEN, clock.now()
        question.save(update_fields=["status", "waits_since", "updated_at"])
    _write(question, Side.CUSTOMER, text, asked_by)
    return question


@transaction.atomic
def answer_question(*, question_id: UUID, text: str, answered_by: str) -> QuestionMessage:
    """Store the answer and mail it to the customer. Raises NotFound, DomainError QUESTION_CLOSED, ValidationError."""
    question = _locked(question_id)
    message = _write(question, Side.SELLER, text, answered_by)
    question.status, question.waits_since = Status.ANSWERED, None
    question.save(update_fields=["status", "waits_since", "updated_at"])
    queue_question_answered(message)
    return message


@transaction.atomic
def close_question(*, question_id: UUID, closed_by: str) -> InvoiceQuestion:
    """It is settled: whoever has more to ask opens another one. A pause of reminders for it ends.

    Raises NotFound, DomainError QUESTION_CLOSED.
    """
    question = _locked(question_id)
    question.status, question.waits_since = Status.CLOSED, None
    question.closed_at, question.closed_by = clock.now(), closed_by[:200]
    question.save(update_fields=["status", "waits_since", "closed_at", "closed_by", "updated_at"])
    question_closed.send(sender=InvoiceQuestion, question=question)
    return question


def _line_of(invoice: Invoice, line_id: UUID | None) -> InvoiceLine | None:
    if line_id is None:
        return None
    line: InvoiceLine | None = invoice.lines.filter(pk=line_id).first()
    if line is None:
        raise NotFound("There is no such line.")
    return line


def _write(question: InvoiceQuestion, side: str, text: str, written_by: str) -> QuestionMessage:
    if not text.strip():
        raise InvalidInput.field("text", "Write what it is about.")
    if len(text.strip()) > QUESTION_LENGTH:
        raise InvalidInput.field("text", f"Write at most {QUESTION_LENGTH:,} characters.")
    message = QuestionMessage(question=question, side=side, text=text.strip(), written_by=written_by[:200])
    message.full_clean()
    message.save()
    return message


def _locked(question_id: UUID) -> InvoiceQuestion:
    """After its invoice, whose reminders may be paused for it."""
    invoice_id = InvoiceQuestion.objects.filter(pk=question_id).values_list("invoice_id", flat=True).first()
    if invoice_id is None:
        raise NotFound("There is no such question.")
    invoice = lock_invoice(invoice_id)
    question: InvoiceQuestion = (
        InvoiceQuestion.objects.select_for_update(of=("self",)).select_related("line").get(pk=question_id)
    )
    if question.is_closed:
        raise DomainError(f"The question was closed by {question.closed_by}.", code="QUESTION_CLOSED")
    question.invoice = invoice
    return question
