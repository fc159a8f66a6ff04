"""Which invoices a payment pays: several at once, taken off again with a reason, and credit that is used by itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.validators import require, validate_paragraphs
from invoicing.models import Invoice
from payments.models import MandateCharge, Payment, PaymentAllocation
from payments.selectors import credit_of, invoices_for
from payments.services.crediting import (
    creditable,
    lock_customer_money,
    lock_payment,
    note_problems,
    update_paid_total,
    was_taken_off,
)
from payments.services.operator_input import check_amount

Kind = PaymentAllocation.Kind


@transaction.atomic
def allocate(*, payment_id: UUID, amounts: Mapping[UUID, Decimal] | None = None) -> list[PaymentAllocation]:
    """Credit what is left of a payment to open invoices of its customer, seller and currency.

    `amounts` says how much to which invoice, in the payment's currency; without it the invoices that are due first are
    paid first, each as far as it is due. All or nothing. Raises InvalidInput at the invoice's id, NotFound, and
    DomainError NOTHING_TO_CREDIT, INVOICE_NOT_COLLECTABLE, CURRENCY_MISMATCH, OTHER_SELLER, ABOVE_DUE or
    ABOVE_PAYMENT.
    """
    payment = lock_payment(payment_id)
    if payment.unallocated <= ZERO:
        raise DomainError("All of the payment is credited or given back.", code="NOTHING_TO_CREDIT")
    if amounts is None:
        wanted = [invoice.pk for invoice in invoices_for(payment)]
        made = [_credit_up_to(payment, invoice, None) for invoice in _locked(payment, wanted)]
        if not any(made):
            raise DomainError("Nothing is due of which this money could be.", code="NOTHING_TO_CREDIT")
    else:
        for pk, amount in amounts.items():
            check_amount(amount, payment.currency, field=str(pk))
        _check_sum(payment, sum(amounts.values(), ZERO))
        found = _locked(payment, list(amounts))
        if len(found) < len(amounts):
            raise NotFound("There is no such invoice of this customer.")
        made = [_credit_up_to(payment, invoice, amounts[invoice.pk]) for invoice in found]
    note_problems([payment])
    return [row for row in made if row is not None]


def credit_to_invoice(*, payment_id: UUID, invoice_id: UUID) -> PaymentAllocation:
    """Credit what is left of a payment to one open invoice, as far as it is due. Raises what `allocate` raises."""
    with transaction.atomic():
        payment = lock_payment(payment_id)
        if payment.unallocated <= ZERO:
            raise DomainError("All of the payment is credited or given back.", code="NOTHING_TO_CREDIT")
        found = _locked(payment, [invoice_id])
        if not found:
            raise NotFound("There is no such invoice of this customer.")
        _check_takes(payment, found[0])
        amount = min(payment.unallocated, creditable(found[0]))
        row = _add(payment, found[0], amount)
        note_problems([payment])
        return row


@transaction.atomic
def unallocate(*, payment_id: UUID, invoice_id: UUID, reason: str) -> PaymentAllocation:
    """Take off an invoice what a payment credits to it. The invoice is due again; the money waits on the payment, and
    is credited there again only by an operator. Raises InvalidInput, NotFound and DomainError NOTHING_TO_TAKE_OFF."""
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why it is taken off.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"The reason must have at most {REASON_LENGTH} characters.")
    require("reason", reason, validate_paragraphs)
    payment = lock_payment(payment_id)
    found = _locked(payment, [invoice_id])
    if not found:
        raise NotFound("There is no such invoice of this customer.")
    [invoice] = found
    credited = payment.allocations.filter(invoice=invoice).aggregate(total=Sum("amount"))["total"] or ZERO
    if credited <= ZERO:
        raise DomainError(f"Nothing of this payment is credited to invoice {invoice}.", code="NOTHING_TO_TAKE_OFF")
    row: PaymentAllocation = PaymentAllocation.objects.create(
        payment=payment, invoice=invoice, amount=-credited, kind=Kind.UNALLOCATED, reason=reason
    )
    update_paid_total(invoice)
    note_problems([payment])
    return row


@transaction.atomic
def use_credit(*, invoice_id: UUID) -> Decimal:
    """Pay an issued invoice with its customer's credit, the oldest money first; the amount used, in its currency.

    Nothing happens for a customer who is set not to use credit by itself, nor while a bank is asked to debit the
    invoice: that would pay it twice. Safe to repeat, and at once: the customer's money is locked. The document stays as
    it was issued; the invoice's page and the statement show the credit.
    """
    organisation_id = Invoice.objects.filter(pk=invoice_id).values_list("organisation_id", flat=True).first()
    if organisation_id is None:
        return ZERO
    lock_customer_money(organisation_id)
    rows = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    candidates = list(credit_of(organisation_id).values_list("pk", flat=True))
    payments = list(
        Payment.objects.select_for_update(of=("self",))
        .select_related("invoice", "order")
        .filter(pk__in=candidates)
        .order_by("paid_at", "pk")
    )
    invoice = rows.get(pk=invoice_id)
    if not invoice.organisation.uses_credit or MandateCharge.objects.asked().filter(invoice=invoice).exists():
        return ZERO
    used = ZERO
    for payment in payments:
        fits = payment.currency == invoice.currency and payment.seller_id == invoice.billing_entity_id
        room = min(payment.unallocated, creditable(invoice), invoice.amount_due)
        if fits and room > ZERO and invoice.is_collectable and not was_taken_off(payment, invoice):
            _add(payment, invoice, room)
            note_problems([payment])
            used += room
    return used


def _credit_up_to(payment: Payment, invoice: Invoice, amount: Decimal | None) -> PaymentAllocation | None:
    """All of `amount`, or without one as much as there is and is due."""
    room = creditable(invoice)
    if amount is None:
        amount = min(payment.unallocated, room)
        if amount <= ZERO:
            return None
    _check_takes(payment, invoice)
    if amount > room:
        raise DomainError(
            f"Invoice {invoice} asks for {format_money(room, invoice.currency)}, and takes no more.", code="ABOVE_DUE"
        )
    return _add(payment, invoice, amount)


def _add(payment: Payment, invoice: Invoice, amount: Decimal) -> PaymentAllocation:
    row: PaymentAllocation = PaymentAllocation.objects.create(payment=payment, invoice=invoice, amount=amount)
    update_paid_total(invoice)
    return row


def _check_takes(payment: Payment, invoice: Invoice) -> None:
    if invoice.currency != payment.currency:
        raise DomainError(
            f"Invoice {invoice} is in {invoice.currency}, the payment in {payment.currency}.", code="CURRENCY_MISMATCH"
        )
    if invoice.billing_entity_id != payment.seller_id:
        raise DomainError(f"Another seller received this money than asks in invoice {invoice}.", code="OTHER_SELLER")
    if not invoice.is_collectable:
        raise DomainError(f"Nothing is due on invoice {invoice}.", code="INVOICE_NOT_COLLECTABLE")


def _check_sum(payment: Payment, wanted: Decimal) -> None:
    if wanted > payment.unallocated:
        left, more = payment.shown(payment.unallocated), payment.shown(wanted)
        raise DomainError(f"{left} is left of the payment, and {more} was to be credited.", code="ABOVE_PAYMENT")


def _locked(payment: Payment, ids: list[UUID]) -> list[Invoice]:
    """The customer's invoices with these ids, locked in the order of their ids, and given back in the order asked."""
    rows = Invoice.objects.select_for_update(of=("self",), no_key=True).filter(organisation=payment.organisation_id)
    found = {invoice.pk: invoice for invoice in rows.filter(pk__in=ids).order_by("pk")}
    return [found[pk] for pk in ids if pk in found]
