"""The jobs of payments as the money machine runs them: at once, and whatever the time says."""

from __future__ import annotations

from collections.abc import Callable

from billing_platform.lib import clock
from payments import selectors
from payments.models import Payment, PaymentOrder, Refund
from payments.services import checkout, collection
from payments.services.allocating import use_credit
from payments.services.disputes import looking
from payments.services.refunding import sending


def _use_credit() -> None:
    for invoice_id in selectors.invoices_that_credit_may_pay():
        use_credit(invoice_id=invoice_id)


def _collect() -> None:
    collection.retire_orders()
    for invoice_id in selectors.invoices_to_collect():
        collection.ensure_order(invoice_id=invoice_id)


def _close_links() -> None:
    PaymentOrder.objects.links_to_close().update(next_attempt_at=clock.now())
    for order_id in selectors.links_to_close():
        collection.close_link(order_id=order_id)


def _capture() -> None:
    for payment in Payment.objects.filter(status="authorized"):
        checkout.capture_payment(payment_id=payment.pk)


def _follow_refunds() -> None:
    Refund.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=clock.now())
    for refund_id in sending.due_refunds():
        sending.follow_refund(refund_id=refund_id)


def _look_for_disputes() -> None:
    looking.look_for_disputes()


def _read_orders() -> None:
    for order in PaymentOrder.objects.all():
        checkout.refresh_order(order_id=order.pk)


JOBS: dict[str, Callable[[], None]] = {
    "use_credit": _use_credit,
    "collect": _collect,
    "close_links": _close_links,
    "capture": _capture,
    "refunds": _follow_refunds,
    "disputes": _look_for_disputes,
    "read": _read_orders,
}
