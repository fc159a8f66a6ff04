"""Turn what the gateway reports into payments, refunds, allocations and settled invoices.

Reports may come twice, late and in any order: a payment only moves forward by rank, facts once known are not
forgotten, and `crediting.settle` works out from all that is known what is credited and what went back.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from billing_platform.lib.money import ZERO, from_minor
from payments import emails
from payments.gateways import GatewayPayment, GatewayRefund
from payments.models import Payment, PaymentOrder, Refund
from payments.models.payment import rank
from payments.services.crediting import lock_settlements, remark, settle

Status = Payment.Status


@transaction.atomic
def apply_payment_snapshot(*, order_id: UUID, snapshot: GatewayPayment, refund: GatewayRefund | None = None) -> Payment:
    """Record what the gateway says about one payment of an order, and one refund of it; credit what is captured.

    `snapshot` may be older than what we know: then nothing changes. A payment whose amount, currency or order differ
    from what we asked for is kept, with the reason in `problem`, and not credited. An amount that is exactly the
    gateway's fee above the order was paid by somebody who bears the fee: the order's part is credited.
    """
    order = PaymentOrder.objects.select_related("invoice__organisation").get(pk=order_id)
    lock_settlements(order.invoice.organisation_id)
    payment = _locked_payment(order, snapshot)
    _advance(payment, snapshot)
    payment.conflict = payment.conflict or _conflict(order, payment, snapshot)
    if refund is not None:
        _note_refund(payment, refund)
    count_refunds(payment)
    payment.save()
    settle(payment)
    remark([payment])
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
    # "refunded" means in full, whatever the amount beside it says
    refunded = snapshot.amount_minor if snapshot.status == Status.REFUNDED else snapshot.amount_refunded_minor
    payment.refunds_reported = max(payment.refunds_reported, from_minor(refunded, currency).amount)
    _note_payers_fee(payment)


def _note_payers_fee(payment: Payment) -> None:
    """The payer bore the fee if the rest is to the paisa what was asked. The fee may be named long after the amount."""
    order = payment.order
    if order is None or payment.fee is None or payment.currency != order.currency:
        return
    if payment.fee > ZERO and payment.amount - payment.fee == order.amount:
        payment.payer_fee = payment.fee


def _conflict(order: PaymentOrder, payment: Payment, snapshot: GatewayPayment) -> str:
    """How this report contradicts our order or the reports before it; "" if it doesn't."""
    if payment.order_id != order.pk:
        return f"Reported for order {order}, but recorded for another order before."
    if order.razorpay_order_id and snapshot.order_id != order.razorpay_order_id:
        return f"It belongs to the gateway's order {snapshot.order_id}, not to {order.razorpay_order_id}."
    amount = from_minor(snapshot.amount_minor, snapshot.currency)
    if (amount.amount, amount.currency) != (payment.amount, payment.currency):
        return "The gateway reported it with two different amounts."
    return ""


def _note_refund(payment: Payment, refund: GatewayRefund) -> None:
    """One row per refund of the gateway; it may be reported as processed before it is reported as created."""
    row, _created = Refund.objects.select_for_update().get_or_create(
        razorpay_refund_id=refund.id,
        defaults={
            "payment": payment,
            "kind": Refund.Kind.GATEWAY,
            "status": refund.status,
            "amount": from_minor(refund.amount_minor, payment.currency).amount,
            "currency": payment.currency,
            "refunded_on": refund.created_at.astimezone(payment.organisation.zone).date(),
        },
    )
    order = (Refund.Status.PENDING, Refund.Status.PROCESSED, Refund.Status.FAILED)
    if order.index(refund.status) > order.index(row.status):
        row.status = refund.status
        row.save(update_fields=["status", "updated_at"])


def count_refunds(payment: Payment) -> None:
    """Work out what went back in all, and whether that is all of it.

    The gateway's own sum goes up with a refund and down when the bank fails it, and old sums may come late. The refunds
    that we know by name and that did not fail are a lower bound, and so is its highest sum without those that failed.
    """
    known, failed, by_bank = ZERO, ZERO, ZERO
    for row in payment.refunds.order_by().values("kind", "status").annotate(total=Sum("amount")):
        if row["kind"] == Refund.Kind.BANK:
            by_bank += row["total"]
        elif row["status"] == Refund.Status.FAILED:
            failed += row["total"]
        else:
            known += row["total"]
    by_gateway = max(known, payment.refunds_reported - failed)
    payment.amount_refunded = min(by_gateway + by_bank, payment.amount)
    if payment.paid_at is not None and payment.status != Status.REVERSED:
        payment.status = (
            Status.CAPTURED if payment.amount_refunded < payment.amount - payment.payer_fee else Status.REFUNDED
        )
