"""Credit again what an invoice was paid with, where the allocation is lost; then count what is paid of it anew.

An invoice says that ₹1,180.00 are paid, no allocation says so, and a payment of ₹1,180.00 for it is credited nowhere:
somebody went around the triggers. What the payment says of itself (its invoice, its refunds and disputes) is enough to
write the rows that are missing. Money that came for no invoice in particular is credited only if there is one payment,
and one alone, of which exactly the missing sum is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from billing_platform.lib.errors import NotFound
from billing_platform.lib.money import ZERO
from invoicing.models import Invoice
from payments.models import Payment, PaymentAllocation
from payments.services.crediting import (
    credit_payment,
    creditable,
    lock_customer_money,
    mismatch,
    note_problems,
    update_paid_total,
    was_taken_off,
)


@dataclass(frozen=True, slots=True)
class LostCredit:
    """A payment of which `amount`, in its currency, belongs to the invoice and is credited nowhere."""

    payment: Payment
    amount: Decimal


def lost_credits(*, invoice_id: UUID) -> list[LostCredit]:
    """What `relink_invoice` would credit to an invoice now. Raises NotFound."""
    invoice = _invoices().filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("There is no such invoice.")
    return _lost(invoice, _payments(invoice).prefetch_related("allocations"))


@transaction.atomic
def relink_invoice(*, invoice_id: UUID) -> Invoice:
    """Write the allocations that an invoice lacks, and what is paid of it by all of them.

    Safe to repeat: what is credited is not credited again. Raises NotFound.
    """
    found = Invoice.objects.filter(pk=invoice_id).only("organisation_id").first()
    if found is None:
        raise NotFound("There is no such invoice.")
    lock_customer_money(found.organisation_id)
    lost = lost_credits(invoice_id=invoice_id)
    wanted = [each.payment.pk for each in lost]
    locked = Payment.objects.select_for_update(of=("self",)).select_related("organisation", "order")
    payments = {payment.pk: payment for payment in locked.filter(pk__in=wanted).order_by("pk")}
    for each in lost:
        payment = payments[each.payment.pk]
        if payment.invoice_id == invoice_id:
            credit_payment(payment, with_receipt=False)
            continue
        PaymentAllocation.objects.create(payment=payment, invoice_id=invoice_id, amount=each.amount)
    invoice: Invoice = _invoices().select_for_update(of=("self",), no_key=True).get(pk=invoice_id)
    update_paid_total(invoice)
    note_problems(payments.values())
    return invoice


def _invoices() -> QuerySet[Invoice]:
    return Invoice.objects.select_related("organisation")


def _payments(invoice: Invoice) -> QuerySet[Payment]:
    """Those that may have paid it: of its customer, seller and currency, with money that is credited nowhere."""
    same_seller = Q(billing_entity=invoice.billing_entity_id) | Q(invoice__billing_entity=invoice.billing_entity_id)
    rows = Payment.objects.with_credit().filter(same_seller, currency=invoice.currency)
    return (
        rows.filter(organisation=invoice.organisation_id).select_related("order", "invoice").order_by("paid_at", "pk")
    )


def _lost(invoice: Invoice, payments: Iterable[Payment]) -> list[LostCredit]:
    candidates = [each for each in payments if not mismatch(each) and not was_taken_off(each, invoice)]
    room, lost = creditable(invoice), []
    for payment in candidates:
        amount = min(payment.unallocated, room)
        if payment.invoice_id == invoice.pk and amount > ZERO:
            lost.append(LostCredit(payment, amount))
            room -= amount
    credited = invoice.allocations.aggregate(total=Sum("amount"))["total"] or ZERO
    missing = invoice.amount_paid - credited - sum((each.amount for each in lost), ZERO)
    fitting = [each for each in candidates if each.invoice_id != invoice.pk and each.unallocated == missing]
    if ZERO < missing <= room and len(fitting) == 1:
        lost.append(LostCredit(fitting[0], missing))
    return lost
