"""Ask for an invoice's money: one order (or link) at the gateway per amount due, whoever asks, and however often.

The row is written first, the gateway is called outside any transaction, and the answer is noted last. A call is
claimed by a conditional update (`call`: prepared → sent), so of two callers one asks and the other waits for its
answer. A claim that nobody confirmed within CLAIM_EXPIRES belongs to a process that died and is taken over. Whatever
was sent once is looked up by our receipt before it is sent again: an answer that got lost never makes a second order.
"""

from __future__ import annotations

import time
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.urls import reverse

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, GatewayError, NotFound
from billing_platform.lib.money import Money, to_minor
from invoicing.models import Invoice
from payments.gateways import Gateway, GatewayLink, GatewayOrder, GatewayRefused, PayerDetails, current_gateway
from payments.models import PaymentOrder
from payments.selectors import why_not_collectable
from payments.services.backoff import next_attempt
from payments.services.waking import wake_on_commit

Kind, Status, Call = PaymentOrder.Kind, PaymentOrder.Status, PaymentOrder.Call

WAIT_SECONDS = 25.0
"""How long the second of two callers waits for the first: about what one call with its time-outs takes."""
POLL_SECONDS = 0.1


def ensure_order(*, invoice_id: UUID) -> PaymentOrder:
    """The gateway order that asks for what is due on an invoice now; made if there is none. Same order each time.

    If the amount due has changed, the old order is superseded. Raises DomainError INVOICE_NOT_COLLECTABLE when there
    is nothing to collect, NOT_PAYABLE_ONLINE when Razorpay would refuse the amount or currency, GATEWAY_NOT_CONFIGURED,
    ORDER_IN_PROGRESS when another caller is still waiting for the gateway, and GatewayError;
    a refusal for good is kept on the order and not repeated by the sweep. Call it outside transactions.
    """
    return _ensure(invoice_id, Kind.ORDER)


def create_payment_link(*, invoice_id: UUID) -> PaymentOrder:
    """The same as a payment link, which the customer can open without our pay page. Same link each time."""
    return _ensure(invoice_id, Kind.LINK)


def _ensure(invoice_id: UUID, kind: str) -> PaymentOrder:
    gateway = current_gateway()
    order = _prepare(invoice_id, kind)
    give_up_at = time.monotonic() + WAIT_SECONDS
    while order.status == Status.CREATED:
        if _claim(order):
            _ask(gateway, order)
        elif time.monotonic() > give_up_at:
            raise DomainError("The payment is being prepared; try again in a moment.", code="ORDER_IN_PROGRESS")
        else:
            time.sleep(POLL_SECONDS)
        order.refresh_from_db()
    if order.status == Status.FAILED:
        raise GatewayRefused(order.last_error)
    if order.status == Status.SUPERSEDED:
        raise DomainError("The amount due has just changed; try again.", code="ORDER_SUPERSEDED")
    return order


@transaction.atomic
def _prepare(invoice_id: UUID, kind: str) -> PaymentOrder:
    """Our row, before anybody is called. The invoice's lock keeps the amount due still and callers in line."""
    invoice = Invoice.objects.select_for_update(no_key=True).filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("There is no such invoice.")
    known = why_not_collectable(invoice)
    if known is not None:
        raise known.as_error()
    orders = PaymentOrder.objects.filter(invoice=invoice, kind=kind)
    live: PaymentOrder | None = orders.live().first()
    if live is not None and live.amount == invoice.amount_due:
        return live
    if live is not None:
        supersede(live)
    failed = orders.filter(status=Status.FAILED, amount=invoice.amount_due).first()
    order: PaymentOrder = failed or PaymentOrder(
        invoice=invoice,
        kind=kind,
        amount=invoice.amount_due,
        currency=invoice.currency,
        amount_minor=to_minor(Money(invoice.amount_due, invoice.currency)),
    )
    order.status, order.last_error = Status.CREATED, ""
    order.save()
    return order


def supersede(order: PaymentOrder) -> None:
    """Stop asking through this order. A link is closed at the gateway after the commit; an order can't be."""
    order.status = Status.SUPERSEDED
    order.next_attempt_at = None
    order.save(update_fields=["status", "next_attempt_at", "updated_at"])
    if order.kind == Kind.LINK:
        wake_on_commit("payments.tasks.close_link", order.pk)


def _claim(order: PaymentOrder) -> bool:
    now = clock.now()
    claimed = (
        PaymentOrder.objects.claimable(now)
        .filter(pk=order.pk, status=Status.CREATED)
        .update(call=Call.SENT, claimed_at=now, attempts=F("attempts") + 1, updated_at=now)
    )
    if claimed:
        order.refresh_from_db()
    return bool(claimed)


def _ask(gateway: Gateway, order: PaymentOrder) -> None:
    try:
        found = _find_or_create(gateway, order)
        if (found.amount_minor, found.currency) != (order.amount_minor, order.currency):
            raise GatewayRefused(f"The gateway holds another amount under receipt {order.receipt}.")
    except GatewayError as error:
        _note_failure(order, error)
        raise
    confirm(order, found)


def _find_or_create(gateway: Gateway, order: PaymentOrder) -> GatewayOrder | GatewayLink:
    was_sent_before = order.attempts > 1
    found = find(gateway, order) if was_sent_before else None
    if found is not None:
        return found
    try:
        return _create(gateway, order)
    except GatewayError:
        # The answer may be all that got lost, or our reference was taken by a call that we believed lost.
        found = _find_quietly(gateway, order)
        if found is None:
            raise
        return found


def find(gateway: Gateway, order: PaymentOrder) -> GatewayOrder | GatewayLink | None:
    """What the gateway holds under our receipt."""
    if order.kind == Kind.LINK:
        return gateway.find_link(reference=order.receipt)
    return gateway.find_order(receipt=order.receipt)


def _find_quietly(gateway: Gateway, order: PaymentOrder) -> GatewayOrder | GatewayLink | None:
    try:
        return find(gateway, order)
    except GatewayError:  # the first error says more
        return None


def _create(gateway: Gateway, order: PaymentOrder) -> GatewayOrder | GatewayLink:
    invoice = order.invoice
    notes = {"invoice": invoice.number, "payment_order": str(order.pk)}
    if order.kind == Kind.ORDER:
        return gateway.create_order(
            receipt=order.receipt, amount_minor=order.amount_minor, currency=order.currency, notes=notes
        )
    return gateway.create_link(
        reference=order.receipt,
        amount_minor=order.amount_minor,
        currency=order.currency,
        description=f"Invoice {invoice.number}",
        payer=PayerDetails(name=invoice.organisation.name, email=invoice.organisation.billing_email),
        callback_url=settings.SITE_URL + reverse("payments:pay", kwargs={"token": invoice.public_token}),
        notes=notes,
    )


def confirm(order: PaymentOrder, found: GatewayOrder | GatewayLink) -> None:
    """Note the gateway's id. The first to come wins, and an order superseded meanwhile stays so."""
    if isinstance(found, GatewayLink):
        ids = {"razorpay_link_id": found.id, "short_url": found.short_url}
        unknown = {"razorpay_link_id__isnull": True}
    else:
        ids = {"razorpay_order_id": found.id}
        unknown = {"razorpay_order_id__isnull": True}
    PaymentOrder.objects.filter(pk=order.pk, **unknown).update(
        **ids,
        call=Call.CONFIRMED,
        status=Case(When(status=Status.CREATED, then=Value(Status.OPEN)), default=F("status")),
        last_error="",
        next_attempt_at=None,
        updated_at=clock.now(),
    )


def _note_failure(order: PaymentOrder, error: GatewayError) -> None:
    """Only while the claim is still ours: whoever took it over may have succeeded."""
    values = {"call": Call.AMBIGUOUS if error.ambiguous else Call.PREPARED, "last_error": error.message[:2000]}
    if isinstance(error, GatewayRefused) and not error.transient:
        values |= {"status": Status.FAILED}
    PaymentOrder.objects.filter(pk=order.pk, status=Status.CREATED, call=Call.SENT, claimed_at=order.claimed_at).update(
        **values, next_attempt_at=next_attempt(order.attempts), updated_at=clock.now()
    )
