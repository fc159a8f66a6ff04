"""Stop asking: orders of invoices that are paid, void or due another amount, and their links at the gateway."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F

from billing_platform.lib import clock
from billing_platform.lib.errors import GatewayError
from payments.gateways import Gateway, GatewayLink, GatewayRefused, current_gateway
from payments.models import PaymentOrder
from payments.selectors import orders_to_retire
from payments.services import collection
from payments.services.backoff import next_attempt

# A link in one of these states can't be paid.
CLOSED = ("paid", "cancelled", "expired")


@transaction.atomic
def retire_orders(*, invoice_id: UUID | None = None) -> None:
    """Supersede what asks for the wrong amount, for one invoice or for all, and have links closed after the commit."""
    orders = orders_to_retire().filter(invoice_id=invoice_id) if invoice_id else orders_to_retire()
    for order in orders.select_for_update(of=("self",), skip_locked=True):
        collection.supersede(order)


def close_link(*, order_id: UUID) -> bool:
    """Cancel a superseded link at the gateway, so that nobody pays it. Says whether it is closed now.

    A link that was paid first is closed too: the payment comes by webhook and shows as money to place.
    """
    order = PaymentOrder.objects.links_to_close().filter(pk=order_id).first()
    if order is None or (order.call == PaymentOrder.Call.SENT and not _is_abandoned(order)):
        return False  # somebody is creating it this moment: the next sweep closes it
    gateway = current_gateway()
    try:
        closed = _close(gateway, order)
    except GatewayError as error:
        _note_failure(order, error)
        return False
    if closed:
        PaymentOrder.objects.filter(pk=order.pk, closed_at__isnull=True).update(
            closed_at=clock.now(), last_error="", updated_at=clock.now()
        )
    return closed


def _is_abandoned(order: PaymentOrder) -> bool:
    return PaymentOrder.objects.claimable(clock.now()).filter(pk=order.pk).exists()


def _close(gateway: Gateway, order: PaymentOrder) -> bool:
    if order.razorpay_link_id is None:
        if order.attempts == 0:
            return True  # never sent
        found = collection.find(gateway, order)
        if not isinstance(found, GatewayLink):
            return True
        collection.confirm(order, found)
        order.refresh_from_db()
    link_id = order.razorpay_link_id or ""
    try:
        return gateway.cancel_link(link_id=link_id).status in CLOSED
    except GatewayRefused as refusal:
        if refusal.transient:
            raise
        # cancelled, expired or paid already; a partly paid link can't be cancelled and stays open
        return gateway.fetch_link(link_id=link_id).status in CLOSED


def _note_failure(order: PaymentOrder, error: GatewayError) -> None:
    PaymentOrder.objects.filter(pk=order.pk, closed_at__isnull=True).update(
        last_error=error.message[:2000],
        attempts=F("attempts") + 1,
        next_attempt_at=next_attempt(order.attempts + 1),
        updated_at=clock.now(),
    )
