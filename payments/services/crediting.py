"""Payment → allocations, what is left over, and the paid total of each invoice.

`credit_payment` looks at all that is known of a payment now and writes the allocations that are missing. So it may be
called any number of times, and after reports in any order. Whatever moves money of a customer takes the customer's lock
first (`lock_customer_money`), then the rows of payments, invoices and payment orders, in this order: two callers never
wait for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, Sum

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import NotFound
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.work.waking import wake_on_commit
from invoicing.models import Invoice
from invoicing.services.paid_total import record_paid_total
from payments import emails
from payments.models import Payment, PaymentAllocation, PaymentOrder, PaymentRetry, Refund
from payments.models.payment_allocation import given_back
from payments.services.collection import retire_orders

Kind, Answer = PaymentAllocation.Kind, PaymentAllocation.Answer


def lock_customer_money(organisation_id: UUID) -> None:
    """Wait until no other transaction moves this customer's money: payments, allocations, paid totals of invoices."""
    advisory_lock(LockSpace.CUSTOMER_MONEY, organisation_id)


def lock_payment(payment_id: UUID) -> Payment:
    """The payment, locked after its customer's money, with its organisation and order. Raises NotFound."""
    payment = Payment.objects.filter(pk=payment_id).only("organisation_id").first()
    if payment is None:
        raise NotFound("There is no such payment.")
    lock_customer_money(payment.organisation_id)
    rows = Payment.objects.select_for_update(of=("self",)).select_related("organisation", "order")
    locked: Payment = rows.get(pk=payment_id)
    return locked


def credit_payment(payment: Payment, *, with_receipt: bool = True, by_dispute: bool = False) -> None:
    """Bring allocations, invoices and problems into line with a payment that was just changed and saved.

    A new payment is credited to its invoice, up to what the invoice may still be credited. Money that went back is
    taken first from the part that was never credited, then from the invoice that was credited last. When an invoice may
    be credited more again, other payments of it that were not credited in full fill it up. Example: an invoice of
    1,180.00 got two payments of 1,180.00 each; when the first is refunded, the second one pays the invoice.

    The caller holds `lock_customer_money`, and says if a dispute changed the payment: what a dispute takes is due
    again, while an operator decides about what a refund took.
    """
    if payment.paid_at is None:
        note_problems([payment])
        return
    invoices = _locked_invoices(payment)
    own = invoices.get(payment.invoice_id) if payment.invoice_id else None
    by_dispute = by_dispute or not payment.allocations.exists()  # of a new payment all is known at once
    _restore(payment)
    _bring_back_what_was_won(payment)
    if own is not None and not mismatch(payment):
        _credit(payment, own)
    _take_back(payment, by_dispute=by_dispute)
    changed = [payment]
    for invoice in invoices.values():
        changed += _credit_others(invoice)
    for invoice in invoices.values():
        update_paid_total(invoice)
    payment.invoice = own
    note_problems(changed)
    if with_receipt and payment.net > ZERO and not mismatch(payment):
        emails.queue_payment_received(payment, own)


def mismatch(payment: Payment) -> str:
    """Why a payment can't be the answer to its order, as a sentence; "" if it can, or if an operator recorded it."""
    if payment.conflict:
        return payment.conflict
    order = payment.order
    if order is None:
        return ""
    if payment.currency != order.currency:
        return f"Paid in {payment.currency}, but the order asks for {order.currency}."
    paid, in_parts = payment.amount - payment.payer_fee, order.first_part is not None
    unnamed = " Razorpay has not named its fee yet." if payment.fee is None else ""
    if in_parts and payment.payer_bears_fee and unnamed:
        return f"Paid {payment.shown(payment.amount)}, with the fee on top.{unnamed}"
    if paid == order.amount or (in_parts and paid < order.amount):
        return ""
    asked = format_money(order.amount, order.currency)
    text = f"Paid {payment.shown(payment.amount)}, but the order asks for {asked}."
    return text + unnamed if payment.amount > order.amount else text


def update_paid_total(invoice: Invoice) -> None:
    """Sum an invoice's allocations, and write onto the invoice what is paid and what was given back.

    The caller has locked the invoice's row and loaded the invoice under that lock.
    """
    if invoice.status == Invoice.Status.VOID:
        return
    paid, by_payment = ZERO, defaultdict(list)
    rows = PaymentAllocation.objects.filter(invoice=invoice).select_related("payment")
    for row in rows.order_by("created_at", "kind"):
        paid += row.amount
        by_payment[row.payment].append(row)
    # A refund that failed after its credit note: the money is here, though the invoice can't take it back.
    refunded = sum((min(given_back(own), payment.amount_refunded) for payment, own in by_payment.items()), ZERO)
    record_paid_total(invoice=invoice, paid_total=paid, refunded_total=refunded, noted_total=_noted(invoice))
    retire_orders(invoice_id=invoice.pk)
    if PaymentRetry.objects.open().filter(invoice=invoice).exists():
        wake_on_commit("payments.tasks.settle_retries", invoice.pk)


def _noted(invoice: Invoice) -> Decimal:
    """The credit notes that came with refunds."""
    notes = Refund.objects.filter(invoice=invoice, credit_note__isnull=False).exclude(status=Refund.Status.FAILED)
    return notes.aggregate(total=Sum("credit_note__total"))["total"] or ZERO


def note_problems(payments: Iterable[Payment]) -> None:
    """Write on each payment why it is not credited, or not in full."""
    for payment in payments:
        is_placed = payment.paid_at is not None and payment.unallocated <= ZERO
        problem = "" if is_placed else mismatch(payment) or _why_not_in_full(payment)
        if problem != payment.problem:
            payment.problem = problem
            payment.save(update_fields=["problem", "updated_at"])


def creditable(invoice: Invoice) -> Decimal:
    """How much may still be credited to an invoice, in its currency. What was given back may be paid again."""
    if invoice.is_draft or invoice.status == Invoice.Status.VOID:
        return ZERO
    credited = PaymentAllocation.objects.filter(invoice=invoice).aggregate(total=Sum("amount"))["total"]
    return invoice.amount_owed - (credited or ZERO)


def was_taken_off(payment: Payment, invoice: Invoice) -> bool:
    """An operator took the payment off this invoice: only an operator credits it there again."""
    return payment.allocations.filter(invoice=invoice, kind=Kind.UNALLOCATED).exists()


def _locked_invoices(payment: Payment) -> dict[UUID, Invoice]:
    """The payment's invoice and every other one that it is credited to."""
    wanted = Q(pk=payment.invoice_id) | Q(allocations__payment=payment)
    ids = set(Invoice.objects.filter(wanted).values_list("pk", flat=True))
    rows = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    return {invoice.pk: invoice for invoice in rows.filter(pk__in=ids).order_by("pk")}


def _credit(payment: Payment, invoice: Invoice) -> None:
    if payment.status == Payment.Status.REVERSED:
        return
    if was_taken_off(payment, invoice):
        return
    _note_order_paid(payment.order)
    is_new = not payment.allocations.exists()
    # A payment that is reported as refunded at once was credited first: both orders of reports leave the same rows.
    free = payment.amount - payment.payer_fee if is_new else payment.net - payment.allocated
    _allocate(payment, invoice, min(free, creditable(invoice)), Kind.CREDIT)


def _note_order_paid(order: PaymentOrder | None) -> None:
    """A link that may be paid in parts goes on until all of it is paid."""
    if order is None or (order.first_part is not None and order.remaining > ZERO):
        return
    PaymentOrder.objects.filter(pk=order.pk).exclude(status=PaymentOrder.Status.PAID).update(
        status=PaymentOrder.Status.PAID, next_attempt_at=None, claimed_until=None, last_failure=""
    )


def _restore(payment: Payment) -> None:
    """A refund failed: the money is still here, and is credited again to the invoice from which it was taken."""
    for row in _by_invoice(payment):
        invoice = Invoice.objects.get(pk=row["invoice"])
        if was_taken_off(payment, invoice):
            continue
        went_back = given_back(payment.allocations.filter(invoice=invoice).order_by("created_at", "kind"))
        _allocate(payment, invoice, min(payment.unallocated, went_back, creditable(invoice)), Kind.RESTORED)


def _bring_back_what_was_won(payment: Payment) -> None:
    """A dispute that was lost is won after all: its money is credited again where it was taken."""
    won = _taken_by_disputes(payment) - payment.amount_lost
    for row in _by_invoice(payment):
        invoice = Invoice.objects.get(pk=row["invoice"])
        if was_taken_off(payment, invoice):
            continue
        taken = _taken_by_disputes(payment, invoice=invoice)
        amount = min(won, payment.unallocated, taken, creditable(invoice))
        if _allocate(payment, invoice, amount, Kind.DISPUTE_WON):
            won -= amount


def _taken_by_disputes(payment: Payment, **where: Any) -> Decimal:
    rows = payment.allocations.filter(kind__in=[Kind.DISPUTE, Kind.DISPUTE_WON], **where)
    return -(rows.aggregate(total=Sum("amount"))["total"] or ZERO)


def _take_back(payment: Payment, *, by_dispute: bool) -> None:
    excess = payment.allocated - payment.net
    if by_dispute:
        lost = min(excess, payment.amount_lost - _taken_by_disputes(payment))
        _take(payment, lost, Kind.DISPUTE)
        excess -= max(lost, ZERO)
    # A fee that is named late also makes the payment smaller: no money went back, so there is nothing to decide.
    went_back = payment.status != Payment.Status.REVERSED and payment.amount_refunded > ZERO
    _take(payment, excess, Kind.REFUND if went_back else Kind.REVERSAL)


def _take(payment: Payment, excess: Decimal, kind: str) -> None:
    for row in _by_invoice(payment):
        amount = min(excess, row["credited"])
        if amount > ZERO:
            PaymentAllocation.objects.create(
                payment=payment,
                invoice_id=row["invoice"],
                amount=-amount,
                kind=kind,
                answer=Answer.OPEN if kind == Kind.REFUND else "",
            )
            excess -= amount


def _by_invoice(payment: Payment) -> list[dict[str, Any]]:
    """What is credited, by invoice; the invoice that was credited last comes first."""
    rows = (
        payment.allocations.order_by()
        .values("invoice")
        .annotate(credited=Sum("amount"), last=Max("created_at", filter=Q(kind=Kind.CREDIT)))
    )
    return list(rows.order_by("-last"))


def _credit_others(invoice: Invoice) -> list[Payment]:
    """Credit what is left of other payments of an invoice that may be credited more again; the payments changed."""
    if creditable(invoice) <= ZERO:
        return []
    others = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("order")
        .filter(invoice=invoice, status=Payment.Status.CAPTURED)
    )
    changed = []
    for payment in others.order_by("paid_at", "pk"):
        if mismatch(payment) or was_taken_off(payment, invoice):
            continue
        if _allocate(payment, invoice, min(payment.unallocated, creditable(invoice)), Kind.CREDIT):
            changed.append(payment)
    return changed


def _allocate(payment: Payment, invoice: Invoice, amount: Decimal, kind: str) -> bool:
    if amount <= ZERO:
        return False
    PaymentAllocation.objects.create(payment=payment, invoice=invoice, amount=amount, kind=kind)
    return True


def _paid_by_another(payment: Payment) -> bool:
    return Payment.objects.filter(pk=payment.pk).second_payments().exists()


def _why_not_in_full(payment: Payment) -> str:
    left, invoice = payment.unallocated, payment.invoice
    if left <= ZERO or invoice is None:
        return ""  # on account: it waits for an invoice
    if invoice.status == Invoice.Status.VOID:
        return f"Invoice {invoice} is void: {payment.shown(left)} is not credited."
    if left == payment.net and _paid_by_another(payment):
        return f"Invoice {invoice} was paid before: this is a second payment of {payment.shown(left)}, to refund."
    return f"{payment.shown(left)} more than invoice {invoice} asked for: to refund, or to credit elsewhere."
