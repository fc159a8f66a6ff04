"""Checks the answer of Razorpay's checkout in the payer's browser, captures payments, and reads missed payments."""

from __future__ import annotations

from uuid import UUID

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.money import Money, to_minor
from payments.gateways import GatewayError, GatewayPayment, GatewayRefused
from payments.models import Payment, PaymentOrder
from payments.models.payment_queryset import NOT_WANTED
from payments.services.collection import learn_order_id
from payments.services.gateway_accounts import gateway_of
from payments.services.payment_reports import apply_payment_report


def verify_checkout(*, razorpay_order_id: str, razorpay_payment_id: str, razorpay_signature: str) -> Payment:
    """Record the payment that checkout reports. Safe to repeat: the same three values always verify.

    The order is one of ours, the signature proves that Razorpay authorised this payment of it, and only what Razorpay
    then says about the payment is believed. Raises NotFound, InvalidInput SIGNATURE_INVALID, GatewayError.
    """
    order = PaymentOrder.objects.filter(razorpay_order_id=razorpay_order_id).first()
    if order is None or not razorpay_order_id:
        raise NotFound("There is no such payment order.")
    gateway = gateway_of(order)
    if not gateway.confirms_checkout(
        order_id=razorpay_order_id, payment_id=razorpay_payment_id, signature=razorpay_signature
    ):
        raise InvalidInput("The signature does not belong to this payment.", code="SIGNATURE_INVALID")
    report = gateway.fetch_payment(payment_id=razorpay_payment_id)
    if report.order_id != razorpay_order_id:
        raise DomainError("Razorpay knows this payment under another order.", code="PAYMENT_MISMATCH")
    return apply_payment_report(order_id=order.pk, report=report)


def verify_link(*, order_id: UUID, status: str, razorpay_payment_id: str, razorpay_signature: str) -> list[Payment]:
    """Record the payment with which a payer comes back from a payment link. Safe to repeat, as verify_checkout is.

    Raises InvalidInput SIGNATURE_INVALID, GatewayError.
    """
    order = PaymentOrder.objects.get(pk=order_id)
    is_genuine = gateway_of(order).confirms_link(
        link_id=order.razorpay_link_id or "",
        reference=order.receipt,
        status=status,
        payment_id=razorpay_payment_id,
        signature=razorpay_signature,
    )
    if not is_genuine:
        raise InvalidInput("The signature does not belong to this payment link.", code="SIGNATURE_INVALID")
    return refresh_order(order_id=order_id)


def refresh_order(*, order_id: UUID) -> list[Payment]:
    """Read all payments of an order from Razorpay, in case a webhook was lost. Raises GatewayError."""
    order = PaymentOrder.objects.get(pk=order_id)
    gateway = gateway_of(order)
    gateway_order_id = order.razorpay_order_id
    if gateway_order_id is None and order.razorpay_link_id is not None:
        gateway_order_id = gateway.fetch_link(link_id=order.razorpay_link_id).order_id or None
        learn_order_id(order, gateway_order_id or "")
    if gateway_order_id is None:
        return []  # nobody can have paid it
    reports = gateway.order_payments(order_id=gateway_order_id)
    return [apply_payment_report(order_id=order.pk, report=report) for report in reports]


def refresh_payment(*, payment_id: UUID) -> Payment:
    """Ask Razorpay for one payment: a fee, or a refund, that its messages left out. Raises GatewayError."""
    payment: Payment = Payment.objects.select_related("order").get(pk=payment_id)
    if payment.order is None:
        return payment
    report = gateway_of(payment.order).fetch_payment(payment_id=payment.razorpay_payment_id or "")
    return apply_payment_report(order_id=payment.order.pk, report=report)


def capture_payment(*, payment_id: UUID) -> Payment:
    """Capture an authorised payment that automatic capture has left.

    If less than its order asks for is still due, it is not captured: Razorpay releases the money to the payer.
    Razorpay may capture the payment by itself at the same moment. Then it refuses our capture, and what it says about
    the payment now is what counts. Raises GatewayError, whose reason is stored on the payment: the sweep tries again.
    """
    payment: Payment = Payment.objects.select_related("invoice", "order").get(pk=payment_id)
    order = payment.order
    if order is None or not may_be_captured(payment):
        return payment
    try:
        report, reason = _capture_if_wanted(payment, order)
    except GatewayError as error:
        _note_not_captured(payment, error.message)
        raise
    _note_not_captured(payment, reason)
    return apply_payment_report(order_id=order.pk, report=report)


def may_be_captured(payment: Payment) -> bool:
    """Only authorised: the money waits at the payer's bank."""
    return payment.status == Payment.Status.AUTHORIZED


def _note_not_captured(payment: Payment, reason: str) -> None:
    """The sweep takes the oldest change first: what failed now waits behind the others."""
    still = Payment.objects.filter(pk=payment.pk, status=Payment.Status.AUTHORIZED)
    still.update(not_captured=reason[:255], updated_at=clock.now())


def _is_wanted(payment: Payment, order: PaymentOrder) -> bool:
    """Whether all that its order asks for is still due; of a link that is paid in parts, this part.

    A payment of more than that includes Razorpay's fee, which the payer bears and which is named only once the payment
    is captured: nobody can pay another amount than the order's, or more than the rest of a link.
    """
    asked = min(order.remaining, payment.amount) if order.first_part is not None else order.amount
    is_answer = not payment.conflict and payment.currency == order.currency and payment.amount >= asked
    return is_answer and payment.invoice is not None and payment.invoice.amount_due >= asked


def _capture_if_wanted(payment: Payment, order: PaymentOrder) -> tuple[GatewayPayment, str]:
    """How the payment stands after our try; and why it is not captured, if that is what Razorpay says then."""
    gateway = gateway_of(order)
    gateway_id = payment.razorpay_payment_id or ""
    if not _is_wanted(payment, order):
        return gateway.fetch_payment(payment_id=gateway_id), NOT_WANTED
    # All that was authorised: Razorpay takes no other amount.
    amount_minor = to_minor(Money(payment.amount, payment.currency))
    try:
        return gateway.capture_payment(payment_id=gateway_id, amount_minor=amount_minor, currency=payment.currency), ""
    except GatewayRefused as refusal:
        if refusal.transient:
            raise
        return gateway.fetch_payment(payment_id=gateway_id), refusal.message
