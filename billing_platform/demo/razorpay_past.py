"""What Razorpay would know of the demo's past, in its own words: the sandbox is told when it runs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from billing_platform.lib.money import Money, to_minor
from invoicing.rates import BOOKS
from payments.models import Dispute, Payment, Payout, PayoutLine, Refund

Entities = list[dict[str, Any]]


def past() -> dict[str, Entities]:
    payments = Payment.objects.filter(kind=Payment.Kind.GATEWAY).select_related("order")
    refunds = Refund.objects.filter(razorpay_refund_id__isnull=False).select_related("payment")
    return {
        "orders": [_order(payment) for payment in payments],
        "payments": [_payment(payment) for payment in payments],
        "refunds": [_refund(refund) for refund in refunds],
        "disputes": [_dispute(dispute) for dispute in Dispute.objects.select_related("payment")],
        "settlements": [_payout(payout) for payout in Payout.objects.all()],
    }


def _order(payment: Payment) -> dict[str, Any]:
    order = payment.order
    assert order is not None  # noqa: S101  (a constraint: of each payment through Razorpay)
    is_paid = payment.paid_at is not None
    return {
        "id": payment.razorpay_order_id,
        "amount": order.amount_minor,
        "amount_paid": order.amount_minor if is_paid else 0,
        "currency": order.currency,
        "receipt": order.receipt,
        "status": "paid" if is_paid else "attempted",
        "attempts": 1,
        "created_at": _seconds(order.sent_at or payment.attempted_at),
    }


def _payment(payment: Payment) -> dict[str, Any]:
    failure = {name: getattr(payment, f"error_{name}") for name in ("code", "description", "source", "step", "reason")}
    is_paid = payment.paid_at is not None
    return {
        "id": payment.razorpay_payment_id,
        "order_id": payment.razorpay_order_id,
        "amount": _minor(payment.amount),
        "currency": payment.currency,
        "status": payment.status,
        "amount_refunded": _minor(payment.amount_refunded),
        "method": payment.method,
        "email": payment.organisation.billing_email,
        "fee": _minor(payment.fee or Decimal(0)) if is_paid else None,
        "tax": _minor(payment.tax or Decimal(0)) if is_paid else None,
        "error": failure if payment.status == Payment.Status.FAILED else {},
        "created_at": _seconds(payment.attempted_at),
        "captured_at": _seconds(payment.paid_at) if payment.paid_at else None,
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "id": refund.razorpay_refund_id,
        "payment_id": refund.payment.razorpay_payment_id,
        "amount": _minor(refund.amount),
        "currency": refund.currency,
        "status": refund.status,
        "arn": refund.bank_reference,
        "created_at": _seconds(refund.created_at),
    }


def _dispute(dispute: Dispute) -> dict[str, Any]:
    return {
        "id": dispute.razorpay_dispute_id,
        "payment_id": dispute.payment.razorpay_payment_id,
        "amount": _minor(dispute.amount),
        "amount_deducted": _minor(dispute.amount_deducted),
        "reason_code": dispute.reason_code,
        "reason_description": dispute.reason,
        "respond_by": _seconds(dispute.respond_by or dispute.raised_at),
        "status": dispute.status,
        "phase": dispute.phase,
        "created_at": _seconds(dispute.raised_at),
    }


def _payout(payout: Payout) -> dict[str, Any]:
    return {
        "id": payout.razorpay_payout_id,
        "amount": _minor(payout.amount),
        "status": payout.status,
        "utr": payout.utr,
        "created_at": _seconds(payout.begun_at),
        "rows": [_recon_row(line) for line in payout.lines.all()],
    }


def _recon_row(line: PayoutLine) -> dict[str, Any]:
    amounts = {name: _minor(getattr(line, name)) for name in ("amount", "credit", "debit", "fee", "tax")}
    row = {"type": line.kind, "entity_id": line.entity_id, "created_at": _seconds(line.happened_at)}
    return row | amounts


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _minor(amount: Decimal) -> int:
    """The demo's payers pay in rupees."""
    return to_minor(Money(amount, BOOKS))
