"""Turn what the gateway or an operator reports into payments, allocations and settled invoices.

Reports may come twice, late and in any order: a payment only moves forward by rank, facts once known are not
forgotten, and crediting happens once per payment. Locks are taken in one order: payment, invoice, payment order.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.money import ZERO, Money, MoneyError, format_money, from_minor, to_minor
from invoicing.models import Invoice
from invoicing.services.lifecycle import record_settlement
from payments import emails
from payments.gateways import GatewayPayment
from payments.models import Payment, PaymentAllocation, PaymentOrder
from payments.models.payment import rank
from payments.services.retiring import retire_orders

Status = Payment.Status

OFFLINE_METHODS = {
    "bank_transfer": Payment.Kind.OFFLINE,
    "cheque": Payment.Kind.OFFLINE,
    "tds": Payment.Kind.TDS,
}


@transaction.atomic
def apply_payment_snapshot(*, order_id: UUID, snapshot: GatewayPayment) -> Payment:
    """Record what the gateway says about one payment of an order, and credit it once it is captured.

    `snapshot` may be older than what we know: then nothing changes. A payment whose amount, currency or order differ
    from what we asked for is kept, with the reason in `problem`, and not credited.
    """
    order = PaymentOrder.objects.select_related("invoice__organisation").get(pk=order_id)
    payment = _locked_payment(order, snapshot)
    _advance(payment, snapshot)
    mismatch = _mismatch(order, payment, snapshot)
    if mismatch:
        payment.problem = mismatch
    payment.save()
    if payment.paid_at is not None and not mismatch:
        _credit(payment, order)
    if payment.status == Status.FAILED:
        emails.queue_payment_failed(payment)
    return payment


def _locked_payment(order: PaymentOrder, snapshot: GatewayPayment) -> Payment:
    payment: Payment
    payment, _created = Payment.objects.select_for_update().get_or_create(
        razorpay_payment_id=snapshot.id,
        defaults={
            "organisation": order.invoice.organisation,
            "invoice": order.invoice,
            "order": order,
            "razorpay_order_id": snapshot.order_id,
            "method": snapshot.method,
            "amount": from_minor(snapshot.amount_minor, snapshot.currency).amount,
            "currency": snapshot.currency,
            "attempted_at": snapshot.created_at,
        },
    )
    return payment


def _advance(payment: Payment, snapshot: GatewayPayment) -> None:
    """Move forward, never back; a null fee doesn't erase a known one."""
    currency = payment.currency
    if rank(snapshot.status) >= rank(payment.status):
        payment.status = snapshot.status
        payment.method = snapshot.method or payment.method
        for name in ("code", "description", "source", "step", "reason"):
            # of an attempt that succeeded after all, an old failure would only mislead
            text = getattr(snapshot.failure, name) if snapshot.status == Status.FAILED else ""
            setattr(payment, f"error_{name}", text)
    if snapshot.is_captured and payment.paid_at is None:
        payment.paid_at = snapshot.created_at
    if snapshot.fee_minor is not None:
        payment.fee = from_minor(snapshot.fee_minor, currency).amount
    if snapshot.tax_minor is not None:
        payment.tax = from_minor(snapshot.tax_minor, currency).amount
    payment.amount_refunded = max(payment.amount_refunded, from_minor(snapshot.amount_refunded_minor, currency).amount)


def _mismatch(order: PaymentOrder, payment: Payment, snapshot: GatewayPayment) -> str:
    """Why this payment can't be the answer to our order; "" if it can."""
    if payment.order_id != order.pk:
        return f"Reported for order {order}, but recorded for another order before."
    if order.razorpay_order_id and snapshot.order_id != order.razorpay_order_id:
        return f"It belongs to the gateway's order {snapshot.order_id}, not to {order.razorpay_order_id}."
    if snapshot.currency != order.currency:
        return f"Paid in {snapshot.currency}, but the order asks for {order.currency}."
    if snapshot.amount_minor != order.amount_minor or payment.amount != order.amount:
        asked = format_money(Money(order.amount, order.currency))
        return f"Paid {format_money(Money(payment.amount, payment.currency))}, but the order asks for {asked}."
    return ""


def _credit(payment: Payment, order: PaymentOrder | None) -> None:
    """Allocate to the invoice what it still asks for, once per payment; the rest stays visible as unallocated."""
    if payment.allocations.exists():
        return
    invoice = Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=payment.invoice_id)
    if order is not None and order.status != PaymentOrder.Status.PAID:
        order.status = PaymentOrder.Status.PAID
        order.save(update_fields=["status", "updated_at"])
    amount = min(payment.amount, max(invoice.amount_due, ZERO))
    if amount > ZERO:
        PaymentAllocation.objects.create(payment=payment, invoice=invoice, amount=amount)
        paid_total = PaymentAllocation.objects.filter(invoice=invoice).aggregate(total=Sum("amount"))["total"]
        invoice = record_settlement(invoice_id=invoice.pk, paid_total=paid_total)
    if amount < payment.amount:
        payment.problem = _why_not_in_full(payment, invoice, amount)
        payment.save(update_fields=["problem", "updated_at"])
    retire_orders(invoice_id=invoice.pk)
    emails.queue_payment_received(payment, invoice)


def _why_not_in_full(payment: Payment, invoice: Invoice, credited: Decimal) -> str:
    left = format_money(Money(payment.amount - credited, payment.currency))
    if invoice.status == Invoice.Status.VOID:
        return f"Invoice {invoice} is void: {left} is not credited."
    return f"{left} more than invoice {invoice} asked for: to refund, or to credit elsewhere."


@transaction.atomic
def record_offline_payment(
    *, invoice_id: UUID, amount: Decimal, method: str, reference: str, received_on: date
) -> Payment:
    """A bank transfer, a cheque, or tax that the customer withheld (TDS): settles the invoice in part or whole.

    `reference` is the UTR, the cheque's or the certificate's number; the same one is taken once per invoice. A
    transfer above the amount due is kept and its rest shown as unallocated. Raises InvalidInput, NotFound, and
    DomainError INVOICE_NOT_COLLECTABLE, PAYMENT_ALREADY_RECORDED or TDS_ABOVE_DUE.
    """
    invoices = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    invoice = invoices.filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("There is no such invoice.")
    reference = reference.strip()
    _check_offline(invoice, amount, method, reference, received_on)
    received_at = datetime.combine(received_on, time(), tzinfo=invoice.organisation.zone)
    payment: Payment = Payment.objects.create(
        organisation=invoice.organisation,
        invoice=invoice,
        kind=OFFLINE_METHODS[method],
        method=method,
        reference=reference,
        status=Status.CAPTURED,
        amount=amount,
        currency=invoice.currency,
        attempted_at=received_at,
        paid_at=received_at,
    )
    _credit(payment, None)
    return payment


def _check_offline(invoice: Invoice, amount: Decimal, method: str, reference: str, received_on: date) -> None:
    if method not in OFFLINE_METHODS:
        raise InvalidInput.field("method", f"must be one of {', '.join(OFFLINE_METHODS)}.")
    if not reference:
        raise InvalidInput.field("reference", "say which transfer, cheque or certificate it is.")
    if len(reference) > 100:
        raise InvalidInput.field("reference", "must have at most 100 characters.")
    if received_on > clock.today(invoice.organisation.time_zone):
        raise InvalidInput.field("received_on", "must not be in the future.")
    _check_amount(amount, invoice.currency)
    if not Invoice.objects.collectable().filter(pk=invoice.pk).exists():
        state = invoice.get_status_display().lower()
        raise DomainError(f"Invoice {invoice} is {state}: it takes no payment.", code="INVOICE_NOT_COLLECTABLE")
    if Payment.objects.filter(invoice=invoice, method=method, reference=reference).exists():
        raise DomainError(f"{reference} is recorded for this invoice already.", code="PAYMENT_ALREADY_RECORDED")
    if method == "tds" and amount > invoice.amount_due:
        raise DomainError("The tax withheld is more than what is due.", code="TDS_ABOVE_DUE")


def _check_amount(amount: Decimal, currency: str) -> None:
    try:
        minor = to_minor(Money(amount, currency))
    except MoneyError as error:
        raise InvalidInput.field("amount", str(error)) from error
    if minor <= 0:
        raise InvalidInput.field("amount", "must be above zero.")
    if amount >= Decimal(10) ** 15:
        raise InvalidInput.field("amount", "is too large.")
