"""Jobs of payments. Each may run twice and at once: the services claim what they work on."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import shared_task

from billing_platform.lib.errors import DomainError
from payments import selectors
from payments.inbox import inbox
from payments.services import checkout, collection
from payments.services.disputes import looking
from payments.services.refunding import sending

logger = logging.getLogger(__name__)


@shared_task(name="payments.tasks.start_collections")
def start_collections() -> None:
    """The sweep: asks for what is due, stops asking for what isn't, takes what was only authorised, asks for fees."""
    collection.retire_orders()
    if not selectors.can_collect():
        return
    for invoice_id in selectors.invoices_to_collect():
        collect_invoice.delay(str(invoice_id))
    for order_id in selectors.links_to_close():
        close_link.delay(str(order_id))
    for payment_id in selectors.payments_to_capture():
        capture_payment.delay(str(payment_id))
    for payment_id in selectors.payments_without_fee():
        refresh_payment.delay(str(payment_id))


@shared_task(name="payments.tasks.collect_invoice")
def collect_invoice(invoice_id: str) -> None:
    if not selectors.can_collect() or selectors.is_held(UUID(invoice_id)):
        return
    try:
        collection.ensure_order(invoice_id=UUID(invoice_id))
    except DomainError as error:  # stored on the order, which says when it is tried again
        logger.info("invoice not collected", extra={"invoice": invoice_id, "reason": error.message})


@shared_task(name="payments.tasks.retire_orders")
def retire_orders(invoice_id: str) -> None:
    collection.retire_orders(invoice_id=UUID(invoice_id))


@shared_task(name="payments.tasks.close_link")
def close_link(order_id: str) -> None:
    collection.close_link(order_id=UUID(order_id))


@shared_task(name="payments.tasks.capture_payment")
def capture_payment(payment_id: str) -> None:
    checkout.capture_payment(payment_id=UUID(payment_id))


@shared_task(name="payments.tasks.refresh_payment")
def refresh_payment(payment_id: str) -> None:
    checkout.refresh_payment(payment_id=UUID(payment_id))


@shared_task(name="payments.tasks.follow_refund")
def follow_refund(refund_id: str) -> None:
    sending.follow_refund(refund_id=UUID(refund_id))


@shared_task(name="payments.tasks.follow_refunds")
def follow_refunds() -> None:
    """Refunds that were stored and not sent, that Razorpay has not ended, or whose credit note is still to come."""
    for refund_id in sending.due_refunds():
        follow_refund.delay(str(refund_id))


@shared_task(name="payments.tasks.look_for_disputes")
def look_for_disputes() -> None:
    looking.look_for_disputes()


@shared_task(name="payments.tasks.process_webhook")
def process_webhook(webhook_id: str) -> None:
    inbox.process_webhook(webhook_id=UUID(webhook_id))


@shared_task(name="payments.tasks.process_pending_webhooks")
def process_pending_webhooks() -> None:
    """Whatever a lost wake-up or a dead worker left behind."""
    for webhook_id in selectors.due_webhooks():
        process_webhook.delay(str(webhook_id))
