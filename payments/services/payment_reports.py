"""What Razorpay reports about a payment moves the payment forward, by one rule for all sources of a report.

A report comes by webhook, from the payer's browser, or as the answer to a question of ours. Reports may come twice,
late and in any order. So a payment only moves forward by rank (`payments.models.payment.rank`), a fact once known is
not forgotten, and `crediting.credit_payment` works out from all that is known what is credited and what went back.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib.money import ZERO, from_minor
from payments import emails
from payments.gateways import GatewayPayment, GatewayRefund
from payments.models import Payment, PaymentOrder
from payments.models.payment import rank
from payments.services.announcing import announce_payment
from payments.services.crediting import credit_payment, lock_customer_money, lock_payment
from payments.services.debit_outcomes import advice_for, note_debit_outcome
from payments.services.disputes.recording import take_what_is_here_again
from payments.services.dunning.retries import plan_retries
from payments.services.refunds import count_refunds, note_refund

Status = Payment.Status


@transaction.atomic
def apply_payment_report(*, order_id: UUID, report: GatewayPayment, refund: GatewayRefund | None = None) -> Payment:
    """Record what Razorpay says about one payment of an order, and about one refund of it; credit what is captured.

    A report that is older than what we know changes nothing. A payment whose amount, currency or order differ from what
    we asked for is stored, with the reason in `problem`, and not credited. Where the payer bears Razorpay's fee, the
    payment is larger than the order by exactly the fee: 1,207.85 paid with a fee of 27.85 for an order of 1,180.00
    credits 1,180.00. A part of a link credits the part: 511.80 paid with a fee of 11.80 credits 500.00.
    """
    order = PaymentOrder.objects.select_related("invoice__organisation").get(pk=order_id)
    lock_customer_money(order.invoice.organisation_id)
    payment = _locked_payment(order, report)
    known, before, was_paid = _known(payment), payment.status, payment.paid_at is not None
    _advance(payment, report)
    payment.conflict = payment.conflict or _conflict(order, payment, report)
    if refund is None and _known(payment) == known and _is_placed(payment):
        return payment
    noted = note_refund(payment, refund) if refund is not None else None
    count_refunds(payment)
    payment.save()
    credit_payment(payment)
    take_what_is_here_again(payment)
    note_debit_outcome(payment)
    announce_payment(payment, before=before, was_paid=was_paid)
    if payment.status == Status.FAILED:
        emails.queue_payment_failed(payment, advice=advice_for(payment))
        plan_retries(payment)
    if noted is not None:
        emails.queue_refund(noted)
    return payment


@transaction.atomic
def learn_fee(*, payment_id: UUID, currency: str, fee: Decimal, tax: Decimal) -> None:
    """Note the fee of a payment, and the GST within, that no report named. Only in the payment's own currency."""
    payment = lock_payment(payment_id)
    if payment.fee is not None or payment.currency != currency:
        return
    payment.fee, payment.tax = fee, tax
    _note_payers_fee(payment)
    payment.save(update_fields=["fee", "tax", "payer_fee", "updated_at"])
    credit_payment(payment)


def _locked_payment(order: PaymentOrder, report: GatewayPayment) -> Payment:
    payment: Payment
    payment, _created = Payment.objects.select_for_update().get_or_create(
        razorpay_payment_id=report.id,
        defaults={
            "organisation": order.invoice.organisation,
            "invoice": order.invoice,
            "order": order,
            "razorpay_order_id": report.order_id,
            "method": report.method,
            "amount": from_minor(report.amount_minor, report.currency).amount,
            "currency": report.currency,
            "attempted_at": report.created_at,
        },
    )
    return payment


def _known(payment: Payment) -> tuple[object, ...]:
    """What reports tell, as it stands."""
    return tuple(getattr(payment, field.attname) for field in payment._meta.concrete_fields)


def _is_placed(payment: Payment) -> bool:
    """It is credited in full: Razorpay tells of one payment in up to four messages, and the last three add nothing."""
    return payment.paid_at is not None and not payment.problem and payment.unallocated == ZERO


def _advance(payment: Payment, report: GatewayPayment) -> None:
    """Move forward, never back. A report without a fee does not erase a known fee."""
    currency = payment.currency
    if rank(report.status) >= rank(payment.status):
        payment.status = report.status
        payment.method = report.method or payment.method
        for name in ("code", "description", "source", "step", "reason"):
            # An attempt that succeeded after all loses its old failure, which would only mislead.
            text = getattr(report.failure, name) if report.status == Status.FAILED else ""
            setattr(payment, f"error_{name}", text)
    if payment.status != Status.AUTHORIZED:
        payment.not_captured = ""
    if report.is_captured and payment.paid_at is None:
        payment.paid_at = report.created_at
    payment.payer_bears_fee = payment.payer_bears_fee or report.payer_bears_fee
    for name, minor in (("fee", report.fee_minor), ("tax", report.tax_minor)):
        amount = None if minor is None else from_minor(minor, currency).amount
        if amount is not None and amount != getattr(payment, name):  # 27.84 and 27.8400 are a change to the audit log
            setattr(payment, name, amount)
    # The status "refunded" means in full, whatever amount_refunded says.
    refunded = report.amount_minor if report.status == Status.REFUNDED else report.amount_refunded_minor
    payment.refunds_reported = max(payment.refunds_reported, from_minor(refunded, currency).amount)
    _note_payers_fee(payment)


def _note_payers_fee(payment: Payment) -> None:
    """The payer bore the fee if amount − fee is exactly what was asked; of a part, which the payer chose, if Razorpay
    says so. The fee may be named days after the amount."""
    order = payment.order
    if order is None or not payment.fee or payment.currency != order.currency:
        return
    asked = payment.amount - payment.fee
    is_part = order.first_part is not None and payment.payer_bears_fee and ZERO < asked < order.amount
    if asked == order.amount or is_part:
        payment.payer_fee = payment.fee


def _conflict(order: PaymentOrder, payment: Payment, report: GatewayPayment) -> str:
    """How this report contradicts our order or an earlier report, as a sentence; "" if it does not."""
    if payment.order_id != order.pk:
        return f"Reported for order {order}, but recorded for another order before."
    if order.razorpay_order_id and report.order_id != order.razorpay_order_id:
        return f"It belongs to Razorpay's order {report.order_id}, not to {order.razorpay_order_id}."
    amount = from_minor(report.amount_minor, report.currency)
    if (amount.amount, amount.currency) != (payment.amount, payment.currency):
        return "Razorpay reported it with two different amounts."
    return ""
