"""A bank line becomes a payment once an operator says so; or it is set aside; or its payment is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import require, validate_line
from invoicing.models import Invoice
from payments import emails
from payments.banking.matching import Proposal
from payments.models import BankLine, Payment
from payments.services.allocating import credit_to_invoice
from payments.services.banking.cheques import cheques_of
from payments.services.banking.importing import recorded_payment
from payments.services.banking.proposing import proposals_for
from payments.services.cheques import clear_cheque
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.on_account import record_payment_on_account
from payments.services.withheld_tax import value_without_gst

Outcome = BankLine.Outcome


@transaction.atomic
def book_line(
    *,
    line_id: UUID,
    invoice_ids: Sequence[UUID],
    withheld: Mapping[UUID, Decimal] | None = None,
    section_code: str = "",
    accept_overpayment: bool = False,
) -> Payment:
    """Record a line's money as one payment of these invoices of one customer, in this order, each as far as it is due.

    `withheld` is the tax that the customer withheld of each, recorded beside it; its certificate is still to come.
    Where the transfer was recorded before, the line is joined to that payment and no other is made. Raises NotFound,
    InvalidInput, and DomainError LINE_IS_BOOKED, OTHER_CHEQUE, OTHER_SELLER, OVERPAYMENT or what
    `record_offline_payment` raises.
    """
    line = _waiting(line_id)
    if (payment := recorded_payment(line)) is not None:
        return _joined(line, payment, Outcome.KNOWN)
    _check_no_cheque(line)
    invoices = _invoices(line, invoice_ids)
    reference = _reference(line)
    _record_withheld(invoices, withheld or {}, section_code, reference, line.day)
    payment = record_offline_payment(
        invoice_id=invoices[0].pk,
        amount=line.amount,
        method="bank_transfer",
        reference=reference,
        received_on=line.day,
        currency=line.currency,
        accept_overpayment=accept_overpayment or len(invoices) > 1,
        send_receipt=False,
    )
    for invoice in invoices[1:]:
        payment.refresh_from_db()
        if payment.unallocated > 0:
            credit_to_invoice(payment_id=payment.pk, invoice_id=invoice.pk)
    payment = Payment.objects.select_related("invoice__organisation", "invoice__billing_entity").get(pk=payment.pk)
    if payment.unallocated > 0 and not accept_overpayment:
        more = payment.shown(payment.unallocated)
        raise DomainError(f"{more} more than is due: keep the rest as credit?", code="OVERPAYMENT")
    emails.queue_payment_received(payment, payment.invoice)
    return _joined(line, payment, Outcome.BOOKED)


@transaction.atomic
def book_on_account(*, line_id: UUID, organisation_id: UUID, oldest_first: bool = False) -> Payment:
    """Record a line's money as a customer's, for no invoice; with `oldest_first` it pays those that are due first.

    Where the transfer was recorded before, the line is joined to that payment. Raises NotFound, InvalidInput, and
    DomainError LINE_IS_BOOKED, OTHER_CHEQUE or what `record_payment_on_account` raises.
    """
    line = _waiting(line_id)
    if (payment := recorded_payment(line)) is not None:
        return _joined(line, payment, Outcome.KNOWN)
    _check_no_cheque(line)
    payment = record_payment_on_account(
        organisation_id=organisation_id,
        seller_id=line.billing_entity_id,
        amount=line.amount,
        method="bank_transfer",
        reference=_reference(line),
        received_on=line.day,
        currency=line.currency,
        oldest_first=oldest_first,
    )
    return _joined(line, payment, Outcome.BOOKED)


@transaction.atomic
def book_cheque(*, line_id: UUID, cheque_id: UUID) -> Payment:
    """A cheque has cleared with a line's money. Raises NotFound, and DomainError LINE_IS_BOOKED, OTHER_CHEQUE or what
    `clear_cheque` raises."""
    line = _waiting(line_id)
    cheque = cheques_of([line]).get(line.pk)
    if cheque is None or cheque.pk != cheque_id:
        raise DomainError("The line is not the money of this cheque.", code="OTHER_CHEQUE")
    payment: Any = clear_cheque(cheque_id=cheque_id, day=line.day).payment  # it has one from then on
    return _joined(line, payment, Outcome.BOOKED)


def _check_no_cheque(line: BankLine) -> None:
    if (cheque := cheques_of([line]).get(line.pk)) is not None:
        raise DomainError(
            f"This is the money of {cheque} of {cheque.organisation}: book it as that.", code="OTHER_CHEQUE"
        )


def _reference(line: BankLine) -> str:
    return line.reference or f"Bank {line.day:%Y-%m-%d} {line.pk.hex[:8]}"


def _record_withheld(
    invoices: Sequence[Invoice], withheld: Mapping[UUID, Decimal], section_code: str, reference: str, day: date
) -> None:
    for invoice in invoices:
        if tax := withheld.get(invoice.pk):
            record_offline_payment(
                invoice_id=invoice.pk,
                amount=tax,
                method="tds",
                reference=reference,
                received_on=day,
                section_code=section_code,
                taxable_value=value_without_gst(invoice, invoice.amount_due),
                has_certificate=False,
                send_receipt=False,
            )


def book_proposal(*, line_id: UUID, proposal: Proposal, accept_overpayment: bool = False) -> Payment:
    """Raises what `book_line` raises."""
    return book_line(
        line_id=line_id,
        invoice_ids=[invoice.id for invoice in proposal.invoices],
        withheld={invoice.id: tax for invoice, tax in zip(proposal.invoices, proposal.withheld, strict=False)},
        section_code=proposal.section_code,
        accept_overpayment=accept_overpayment,
    )


def book_sure_lines(*, chosen: Mapping[UUID, str]) -> tuple[list[Payment], int]:
    """Book lines by their sure proposals, as an operator saw them: `chosen` is each line's proposal (`key`).

    Each line stands for itself. The payments, and how many lines were left because what is proposed has changed.
    """
    booked, left = [], 0
    for line in BankLine.objects.filter(pk__in=chosen).select_related("payment").order_by("day", "row"):
        best = next(iter(proposals_for([line]).get(line.pk, [])), None)
        if best is None or not best.is_sure or best.key != chosen[line.pk]:
            left += 1
            continue
        try:
            booked.append(book_proposal(line_id=line.pk, proposal=best))
        except DomainError:
            left += 1
    return booked, left


@transaction.atomic
def set_aside(*, line_id: UUID, reason: str) -> BankLine:
    """Money that is no customer's payment: interest, a loan, a payout. Raises InvalidInput, and LINE_IS_BOOKED."""
    line = _waiting(line_id)
    line.payment, line.outcome, line.set_aside_reason = None, Outcome.NONE, _reason(reason)
    line.save(update_fields=["payment", "outcome", "set_aside_reason", "updated_at"])
    return line


@transaction.atomic
def take_up_again(*, line_id: UUID) -> BankLine:
    """A line that was set aside waits again. Safe to repeat."""
    line = _locked(line_id)
    line.set_aside_reason = ""
    line.save(update_fields=["set_aside_reason", "updated_at"])
    return line


@transaction.atomic
def undo_booking(*, line_id: UUID, reason: str) -> BankLine:
    """Reverse the payment that was made of a line, and the tax withheld beside it. The line waits again.

    Raises InvalidInput, and DomainError LINE_NOT_BOOKED where the payment was recorded in another way.
    """
    line = _locked(line_id)
    payment = line.payment
    if payment is None or line.state != "booked":
        raise DomainError("No payment was made of this line.", code="LINE_NOT_BOOKED")
    beside = Payment.objects.received().filter(
        kind=Payment.Kind.TDS,
        organisation=payment.organisation_id,
        reference=payment.reference,
        received_on=payment.received_on,
    )
    for each in (payment.pk, *beside.order_by("pk").values_list("pk", flat=True)):
        reverse_payment(payment_id=each, reason=reason)
    return _locked(line_id)


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the line is set aside.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"The reason must have at most {REASON_LENGTH} characters.")
    require("reason", reason, validate_line)
    return reason


def _locked(line_id: UUID) -> BankLine:
    """The line first, then the customer's money: nothing that holds that money waits for a line."""
    line = BankLine.objects.select_for_update().filter(pk=line_id).first()  # its payment is read after the wait
    if line is None:
        raise NotFound("There is no such bank line.")
    return line


def _waiting(line_id: UUID) -> BankLine:
    line = _locked(line_id)
    if line.is_recorded:
        raise DomainError(f"The line is payment {line.payment} already.", code="LINE_IS_BOOKED")
    if line.payout is not None:
        raise DomainError(f"The line is Razorpay's payout {line.payout}.", code="LINE_IS_BOOKED")
    if line.set_aside_reason:
        raise DomainError(f"The line is set aside: {line.set_aside_reason}", code="LINE_IS_BOOKED")
    return line


def _invoices(line: BankLine, ids: Sequence[UUID]) -> list[Invoice]:
    found = {each.pk: each for each in Invoice.objects.filter(pk__in=ids).select_related("organisation")}
    if not ids or len(found) < len(set(ids)):
        raise NotFound("There is no such invoice.")
    chosen = [found[pk] for pk in dict.fromkeys(ids)]
    if len({each.organisation_id for each in chosen}) > 1:
        raise InvalidInput.field("invoice", "One payment is of one customer: choose invoices of the same.")
    if any(each.billing_entity_id != line.billing_entity_id for each in chosen):
        raise DomainError("The account is another seller's than the invoice.", code="OTHER_SELLER")
    return chosen


def _joined(line: BankLine, payment: Payment, outcome: str) -> Payment:
    line.payment, line.outcome = payment, outcome
    line.save(update_fields=["payment", "outcome", "updated_at"])
    return payment
