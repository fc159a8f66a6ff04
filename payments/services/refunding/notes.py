"""The credit note of a refund: for what the refund took off its invoice, by the rules of invoicing.

It is issued once Razorpay has accepted the refund. Should the bank fail the refund afterwards, the note stands: the
customer owes less, and the money, which is here after all, is the payment's excess until it is refunded another way or
credited to another invoice.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from invoicing.models import CreditNote, Invoice
from invoicing.services.credit_notes.by_total import Worth, note_worth
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from payments.models import Payment, PaymentAllocation, Refund
from payments.services.crediting import lock_payment, update_paid_total

Afterwards = Refund.Afterwards
Answer = PaymentAllocation.Answer


@dataclass(frozen=True, slots=True)
class Proposal:
    """The note that a refund may have: over which invoice, and what the refund took off it that no note covers yet."""

    invoice: Invoice
    amount: Decimal
    worth: Worth


def issue_wanted_note(*, refund_id: UUID) -> None:
    """Issue the note of a refund that Razorpay accepted, if one is wanted and missing. Why it can't be issued is stored
    on the refund, for a person. Safe to repeat."""
    try:
        _issue(refund_id, wanted_only=True, reason="", send=True)
    except DomainError as error:
        Refund.objects.filter(pk=refund_id, credit_note__isnull=True).update(note_problem=error.message)


def issue_note_of_refund(*, refund_id: UUID, reason: str = "", send: bool = True) -> CreditNote:
    """An operator's decision about a refund: its invoice is credited with what the refund took off it.

    `reason` is printed where the refund has none of its own, as those of Razorpay's dashboard. Raises NotFound,
    InvalidInput for `reason`, DomainError NOTHING_TO_NOTE, and what `issue_credit_note` raises.
    """
    note = _issue(refund_id, wanted_only=False, reason=reason.strip(), send=send)
    if note is None:
        raise DomainError(
            "The refund took nothing off an invoice that a credit note is due for.", code="NOTHING_TO_NOTE"
        )
    return note


def proposed_note(refund: Refund) -> Proposal | None:
    """What `issue_note_of_refund` would issue now; None where there is nothing. Raises DomainError as issuing does."""
    if refund.credit_note_id is not None or refund.status == Refund.Status.FAILED:
        return None
    if not refund.asked_here or refund.kind == Refund.Kind.BANK or refund.invoice_id is None:
        invoice, most = _undecided(refund)
    else:
        invoice, most = refund.invoice, refund.off_invoice
    if invoice is None or invoice.status in (Invoice.Status.DRAFT, Invoice.Status.VOID):
        return None
    amount = min(most, invoice.amount_returned)
    return Proposal(invoice, amount, note_worth(invoice=invoice, total=amount)) if amount > ZERO else None


@transaction.atomic
def _issue(refund_id: UUID, *, wanted_only: bool, reason: str, send: bool) -> CreditNote | None:
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
    payment = lock_payment(payment_id)
    refunds = Refund.objects.select_for_update(of=("self",)).select_related("invoice__billing_entity", "payment")
    refund: Refund = refunds.get(pk=refund_id)
    if wanted_only and not refund.waits_for_its_note:
        return None
    proposal = proposed_note(refund)
    if proposal is None:
        return None
    note = issue_credit_note(
        invoice_id=proposal.invoice.pk,
        lines=proposal.worth.lines,
        why=Why(CreditNote.Reason.OTHER, refund.reason or reason),
        kind=proposal.worth.kind,
        send=send,
    )
    refund.credit_note, refund.note_problem = note, ""
    refund.afterwards, refund.invoice = Afterwards.CREDIT_NOTE, proposal.invoice
    refund.off_invoice = refund.off_invoice or proposal.amount
    refund.save(update_fields=["credit_note", "note_problem", "afterwards", "invoice", "off_invoice", "updated_at"])
    _decide(payment, proposal)
    return note


def _decide(payment: Payment, proposal: Proposal) -> None:
    """The note answers the question what becomes of the invoice; what it does not cover, such as the tax after the
    last day for a GST note, stays given back."""
    rows = payment.allocations.filter(invoice=proposal.invoice, answer=Answer.OPEN).order_by("created_at")
    same = [row for row in rows if -row.amount == proposal.amount][:1]
    for row in same or rows:
        row.answer = Answer.LEFT
        row.save(update_fields=["answer", "updated_at"])
    update_paid_total(Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=proposal.invoice.pk))


def _undecided(refund: Refund) -> tuple[Invoice | None, Decimal]:
    """The invoice off which money of the payment was taken and nobody has decided about, and at most the refund."""
    waiting = refund.payment.allocations.filter(answer=Answer.OPEN, invoice__amount_returned__gt=0)
    row = waiting.select_related("invoice__billing_entity").order_by("created_at").last()
    if row is None:
        return None, ZERO
    of_invoice = sum((-each.amount for each in waiting if each.invoice_id == row.invoice_id), ZERO)
    return row.invoice, min(refund.amount, of_invoice)
