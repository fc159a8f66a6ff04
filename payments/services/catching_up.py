"""Learn what Razorpay's messages did not tell: how a payment and its refunds stand, as if the messages had come."""

from __future__ import annotations

from uuid import UUID

from billing_platform.lib.errors import NotFound
from payments.models import Payment, PaymentOrder
from payments.services.collection import learn_order_id
from payments.services.gateway_accounts import gateway_of
from payments.services.payment_reports import apply_payment_report
from payments.services.recounting import recount_payment
from payments.services.refunding.sending import apply_refund_report


def catch_up(*, order_id: UUID, razorpay_payment_id: str) -> Payment:
    """Read one payment of a request of ours, and all its refunds, and record what is new; count anew what went back.

    Safe to repeat, and while the messages arrive after all: they take the same way. Call it outside transactions.
    Raises NotFound, GatewayError.
    """
    order = PaymentOrder.objects.select_related("gateway_account", "invoice").filter(pk=order_id).first()
    if order is None:
        raise NotFound("There is no such payment request.")
    gateway = gateway_of(order)
    report = gateway.fetch_payment(payment_id=razorpay_payment_id)
    refunds = gateway.payment_refunds(payment_id=razorpay_payment_id)
    learn_order_id(order, report.order_id)
    payment = apply_payment_report(order_id=order.pk, report=report)
    for refund in refunds:
        apply_refund_report(payment_id=payment.pk, report=refund)
    return recount_payment(payment_id=payment.pk)
