"""Credit what a payment brings to invoices, and take back what went away again.

`settle` looks at what is known of a payment now and adds the allocations that are missing, so it may be called any
number of times and after reports in any order. Everything that moves money of a customer takes the customer's lock
first (`lock_settlements`), then payment, invoices, orders: no two callers wait for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, Sum

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.money import ZERO, Money, format_money
from invoicing.models import Invoice
from invoicing.services.paid_total import record_paid_total
from payments import emails
from payments.models import Payment, PaymentAllocation, PaymentOrder
from payments.services.retiring import retire_orders

Kind, Answer = PaymentAllocation.Kind, PaymentAllocation.Answer


def lock_settlements(organisation_id: UUID) -> None:
    """One at a time may move a customer's money: payments, allocations and what invoices have been paid."""
    advisory_lock(LockSpace.SETTLEMENT, organisation_id)


def settle(payment: Payment, *, with_receipt: bool = True) -> None:
    """Bring allocations, invoices and remarks into line with a payment that was just changed and saved.

    A new payment is credited to its invoice, as far as that asks for it. What went back is taken back from what was
    credited last, and only where the part that was never credited doesn't cover it. Room that this makes on an invoice
    is filled from other payments of it that were not credited in full. Call it under `lock_settlements`.
    """
    if payment.paid_at is None:
        return
    invoices = _locked(payment)
    own = invoices[payment.invoice_id]
    _restore(payment)
    if not mismatch(payment):
        _credit(payment, own)
    _take_back(payment)
    touched = [payment]
    for invoice in invoices.values():
        touched += _fill(invoice)
    for invoice in invoices.values():
        update_invoice(invoice)
    own.refresh_from_db()
    payment.invoice = own
    remark(touched)
    if with_receipt and payment.net > ZERO and not mismatch(payment):
        emails.queue_payment_received(payment, own)


def mismatch(payment: Payment) -> str:
    """Why a payment can't be the answer to its order; "" if it can, or if an operator recorded it."""
    if payment.conflict:
        return payment.conflict
    order = payment.order
    if order is None:
        return ""
    if payment.currency != order.currency:
        return f"Paid in {payment.currency}, but the order asks for {order.currency}."
    if payment.amount - payment.payer_fee == order.amount:
        return ""
    asked = format_money(Money(order.amount, order.currency))
    text = f"Paid {payment.shown(payment.amount)}, but the order asks for {asked}."
    if payment.amount > order.amount and payment.fee is None:
        text += " The gateway has not named its fee yet."
    return text


def update_invoice(invoice: Invoice) -> None:
    """Sum an invoice's allocations under its lock, and note what is paid and what was given back."""
    if invoice.status == Invoice.Status.VOID:
        return
    paid, by_payment = ZERO, defaultdict(list)
    for row in PaymentAllocation.objects.filter(invoice=invoice).order_by("created_at", "kind"):
        paid += row.amount
        by_payment[row.payment_id].append(row)
    returned = sum(map(_given_back, by_payment.values()), ZERO)
    # another payment may have filled the room meanwhile: then nothing is left to ask about
    returned = max(min(returned, invoice.total - paid), ZERO)
    record_paid_total(invoice=invoice, paid_total=paid, returned_total=returned)
    retire_orders(invoice_id=invoice.pk)


def remark(payments: Iterable[Payment]) -> None:
    """Say on each payment why it is not credited, or not in full."""
    for payment in payments:
        is_placed = payment.paid_at is not None and payment.unallocated <= ZERO
        problem = "" if is_placed else mismatch(payment) or _why_not_in_full(payment)
        if problem != payment.problem:
            payment.problem = problem
            payment.save(update_fields=["problem", "updated_at"])


def room(invoice: Invoice) -> Decimal:
    """What may still be credited to an invoice; what was given back may be paid again."""
    if invoice.is_draft or invoice.status == Invoice.Status.VOID:
        return ZERO
    credited = PaymentAllocation.objects.filter(invoice=invoice).aggregate(total=Sum("amount"))["total"]
    return invoice.total - (credited or ZERO)


def _locked(payment: Payment) -> dict[UUID, Invoice]:
    """The payment's invoice and every other one that it is credited to."""
    wanted = Q(pk=payment.invoice_id) | Q(allocations__payment=payment)
    ids = set(Invoice.objects.filter(wanted).values_list("pk", flat=True))
    rows = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    return {invoice.pk: invoice for invoice in rows.filter(pk__in=ids).order_by("pk")}


def _credit(payment: Payment, invoice: Invoice) -> None:
    if payment.status == Payment.Status.REVERSED:
        return
    PaymentOrder.objects.filter(payments=payment).exclude(status=PaymentOrder.Status.PAID).update(
        status=PaymentOrder.Status.PAID
    )
    is_new = not payment.allocations.exists()
    # A payment that is reported as refunded at once was credited first: both orders of reports leave the same rows.
    free = payment.amount - payment.payer_fee if is_new else payment.net - payment.allocated
    _allocate(payment, invoice, min(free, room(invoice)), Kind.CREDIT)


def _restore(payment: Payment) -> None:
    """A refund failed: the money is here after all, and goes back to where it was credited."""
    for row in _by_invoice(payment):
        invoice = Invoice.objects.get(pk=row["invoice"])
        given_back = _given_back(payment.allocations.filter(invoice=invoice).order_by("created_at", "kind"))
        _allocate(payment, invoice, min(payment.unallocated, given_back, room(invoice)), Kind.RESTORED)


def _given_back(rows: Iterable[PaymentAllocation]) -> Decimal:
    """What of one payment was taken from one invoice, and neither came back nor is asked for again; oldest row first.

    Step by step: a refund that failed gives back what stood then, and answers for no refund after it.
    """
    standing = ZERO
    for row in rows:
        if row.kind == Kind.RESTORED:
            standing = max(standing - row.amount, ZERO)
        elif row.kind == Kind.REFUND and row.answer != Answer.ASKED_AGAIN:
            standing -= row.amount
    return standing


def _take_back(payment: Payment) -> None:
    excess = payment.allocated - payment.net
    # A fee that is named late also makes the payment smaller: nothing went back, so there is nothing to decide.
    went_back = payment.status != Payment.Status.REVERSED and payment.amount_refunded > ZERO
    for row in _by_invoice(payment):
        amount = min(excess, row["credited"])
        if amount > ZERO:
            PaymentAllocation.objects.create(
                payment=payment,
                invoice_id=row["invoice"],
                amount=-amount,
                kind=Kind.REFUND if went_back else Kind.REVERSAL,
                answer=Answer.OPEN if went_back else "",
            )
            excess -= amount


def _by_invoice(payment: Payment) -> list[dict[str, Any]]:
    """What is credited, by invoice; the one that was credited last comes first."""
    rows = (
        payment.allocations.order_by()
        .values("invoice")
        .annotate(credited=Sum("amount"), last=Max("created_at", filter=Q(kind=Kind.CREDIT)))
    )
    return list(rows.order_by("-last"))


def _fill(invoice: Invoice) -> list[Payment]:
    """Credit what is left of other payments of an invoice that has room again."""
    if room(invoice) <= ZERO:
        return []
    others = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("order")
        .filter(invoice=invoice, status=Payment.Status.CAPTURED)
    )
    filled = []
    for payment in others.order_by("paid_at", "pk"):
        if not mismatch(payment) and _allocate(payment, invoice, min(payment.unallocated, room(invoice)), Kind.CREDIT):
            filled.append(payment)
    return filled


def _allocate(payment: Payment, invoice: Invoice, amount: Decimal, kind: str) -> bool:
    if amount <= ZERO:
        return False
    PaymentAllocation.objects.create(payment=payment, invoice=invoice, amount=amount, kind=kind)
    return True


def _why_not_in_full(payment: Payment) -> str:
    left, invoice = payment.unallocated, payment.invoice
    if left <= ZERO:
        return ""
    if invoice.status == Invoice.Status.VOID:
        return f"Invoice {invoice} is void: {payment.shown(left)} is not credited."
    return f"{payment.shown(left)} more than invoice {invoice} asked for: to refund, or to credit elsewhere."
