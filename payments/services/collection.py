"""Ask for an invoice's money: one order (or link) at Razorpay per amount due, whoever asks, and however often.

Our row is written first, Razorpay is called outside any transaction, and the answer is noted last. The call is claimed
(`lib.work.claims`), so of two callers one asks Razorpay and the other waits for the answer. Whatever was sent once is
looked up by our receipt before it is sent again: an answer that got lost never makes a second order.

Stop asking, too: a request for an amount that is not due any more is superseded, and its link is closed at Razorpay.
"""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, NotFound
from billing_platform.lib.money import Money, to_minor
from billing_platform.lib.work import claims
from billing_platform.lib.work.waking import wake_on_commit
from invoicing.models import Invoice
from invoicing.selectors.documents import pay_page_url
from payments.gateways import (
    GatewayError,
    GatewayLink,
    GatewayOrder,
    GatewayRefused,
    PayerDetails,
    RazorpayGateway,
)
from payments.models import GatewayAccount, MandateCharge, PaymentOrder
from payments.selectors import account_in_use, is_held, orders_to_retire, why_not_collectable
from payments.services.debit_outcomes import withdraw_debits
from payments.services.gateway_accounts import gateway_of
from payments.services.link_terms import ENDS_IN, ends_soon, terms_of

Kind, Status = PaymentOrder.Kind, PaymentOrder.Status

WAIT_SECONDS = 25.0
"""How long the second of two callers waits for the first: about what one call with its time-outs takes."""
POLL_SECONDS = 0.1
PAID_IN_PART = "It was paid in part. Razorpay does not cancel such a link: it ends by itself within minutes."
OTHER_AMOUNT = "The amount due has changed, or was paid in another way."  # a new debit needs a new notice
LINK_CLOSED = ("paid", "cancelled", "expired")
"""Razorpay's states of a link that can't be paid any more."""


def ensure_order(*, invoice_id: UUID) -> PaymentOrder:
    """The order at Razorpay that asks for what is due on an invoice now; made if there is none. Same order each time.

    If the amount due has changed, the old order is superseded. Raises DomainError INVOICE_NOT_COLLECTABLE when there
    is nothing to collect, NOT_PAYABLE_ONLINE when Razorpay would refuse the amount or currency, GATEWAY_NOT_CONFIGURED,
    ORDER_IN_PROGRESS when another caller is still waiting for Razorpay, and GatewayError. A final refusal is stored on
    the order, and the sweep does not ask again. Call it outside transactions.
    """
    return _ensure(invoice_id, Kind.ORDER)


def create_payment_link(*, invoice_id: UUID) -> PaymentOrder:
    """The same as a payment link, which the customer can open without our pay page. Same link each time."""
    return _ensure(invoice_id, Kind.LINK)


@transaction.atomic
def retire_orders(*, invoice_id: UUID | None = None) -> None:
    """Supersede requests for an amount that is not due, and links that have ended, of one invoice or of all.

    Links are closed after the commit.
    """
    orders = orders_to_retire().filter(invoice_id=invoice_id) if invoice_id else orders_to_retire()
    for order in orders.select_for_update(of=("self",), skip_locked=True):
        _supersede(order)


def close_link(*, order_id: UUID) -> bool:
    """Cancel a superseded link at Razorpay, so that nobody pays it. Says whether it is closed now.

    A link that was paid first is closed too: the payment comes by webhook, and is shown as not credited. A link that
    somebody is making at this moment is claimed, and is closed by the next sweep. One that was paid in part can't be
    cancelled: it is made to end within minutes, and the row says so until then.
    """
    order = claims.claim(PaymentOrder.objects.links_to_close(), order_id)
    if order is None:
        return False
    try:
        link = _cancel_link(gateway_of(order), order)
    except GatewayError as error:
        claims.note_failure(order, error)
        return False
    if link is None or link.status in LINK_CLOSED:
        return claims.done(order, closed_at=clock.now())
    if link.expires_at is None:
        claims.note_failure(order, f"The link can't be cancelled: Razorpay says that it is {link.status}.")
        return False
    wait = max(link.expires_at - clock.now(), timedelta(0)) + timedelta(minutes=1)
    claims.let_go(order, after=wait, expires_at=link.expires_at, last_failure=PAID_IN_PART)
    return False


def may_be_tried_now(order: PaymentOrder) -> bool:
    """It waits after a failure: an order for Razorpay to make it, a superseded link for Razorpay to close it.

    A link is made again on its invoice's page, which shows the link; so is what Razorpay refused for good. An order
    whose customer is not to be asked waits for the end of the hold.
    """
    if not order.may_be_tried_now:
        return False
    is_to_be_made = order.status == Status.CREATED and order.kind == Kind.ORDER
    return order.status == Status.SUPERSEDED or (is_to_be_made and not is_held(order.invoice_id))


@transaction.atomic
def try_now(*, order_id: UUID) -> PaymentOrder:
    """Have a worker ask Razorpay at once. Raises DomainError REQUEST_NOT_WAITING unless `may_be_tried_now`."""
    order: PaymentOrder = PaymentOrder.objects.select_for_update().get(pk=order_id)
    if not may_be_tried_now(order):
        raise DomainError("The request does not wait for another try.", code="REQUEST_NOT_WAITING")
    order.save(update_fields=order.try_now())
    if order.status == Status.SUPERSEDED:
        wake_on_commit("payments.tasks.close_link", order.pk)
    else:
        wake_on_commit("payments.tasks.collect_invoice", order.invoice_id)
    return order


def learn_order_id(order: PaymentOrder, razorpay_order_id: str) -> None:
    """Remember Razorpay's order, as a payment names it: a link gets its own when somebody first opens it."""
    if razorpay_order_id and order.razorpay_order_id is None:
        PaymentOrder.objects.filter(pk=order.pk, razorpay_order_id__isnull=True).update(
            razorpay_order_id=razorpay_order_id
        )
        order.refresh_from_db(fields=["razorpay_order_id"])


def note_link_closed(order: PaymentOrder) -> None:
    """Razorpay says that a link is cancelled or expired: it is not shown any more, and needs no closing."""
    now = clock.now()
    PaymentOrder.objects.live().filter(pk=order.pk).update(status=Status.SUPERSEDED, updated_at=now)
    PaymentOrder.objects.filter(pk=order.pk, closed_at__isnull=True).update(
        closed_at=now, next_attempt_at=None, last_failure=""
    )


def _ensure(invoice_id: UUID, kind: str) -> PaymentOrder:
    order = _prepare(invoice_id, kind)
    give_up_at = time.monotonic() + WAIT_SECONDS
    while order.status == Status.CREATED:
        claimed = claims.claim(PaymentOrder.objects.to_make(), order.pk, early=True)
        if claimed is not None:
            _make(claimed)
        elif time.monotonic() > give_up_at:
            raise DomainError("The payment is being prepared; try again in a moment.", code="ORDER_IN_PROGRESS")
        else:
            time.sleep(POLL_SECONDS)
        order.refresh_from_db()
    if order.status == Status.FAILED:
        raise GatewayRefused(order.last_failure)
    if order.status == Status.SUPERSEDED:
        raise DomainError("The amount due has just changed; try again.", code="ORDER_SUPERSEDED")
    return order


@transaction.atomic
def _prepare(invoice_id: UUID, kind: str) -> PaymentOrder:
    """Our row, before Razorpay is called. The invoice's lock keeps the amount due still, and callers in line."""
    invoice = Invoice.objects.select_for_update(no_key=True).filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("There is no such invoice.")
    known = why_not_collectable(invoice)
    if known is not None:
        raise known
    account = account_in_use(invoice.billing_entity_id)
    orders = PaymentOrder.objects.filter(invoice=invoice, kind=kind)
    live: PaymentOrder | None = orders.live().select_for_update().first()
    if live is not None and _still_asks(live, invoice, account):
        return live
    if live is not None:
        _supersede(live)
    terms = terms_of(invoice, kind)
    refused = orders.filter(status=Status.FAILED, amount=invoice.amount_due, gateway_account=account)
    failed = refused.filter(first_part=terms.first_part).first()
    order: PaymentOrder = failed or PaymentOrder(
        invoice=invoice,
        kind=kind,
        gateway_account=account,
        amount=invoice.amount_due,
        currency=invoice.currency,
        amount_minor=to_minor(Money(invoice.amount_due, invoice.currency)),
        first_part=terms.first_part,
    )
    order.status, order.expires_at = Status.CREATED, terms.expires_at
    order.try_now()
    order.save()
    return order


def _still_asks(live: PaymentOrder, invoice: Invoice, account: GatewayAccount | None) -> bool:
    """For what is due, through the account in use, and for a while to come."""
    asks = live.remaining == invoice.amount_due or live.payments.waiting_for_fee().exists()
    return asks and live.gateway_account == account and not ends_soon(live)


def _supersede(order: PaymentOrder) -> None:
    """Stop asking through this request, whose row is locked. A link is closed at Razorpay; an order can't be closed.

    A claim stays: who is making the link at this moment lets the row go afterwards, and then the link is closed.
    """
    order.status, order.attempts, order.last_failure = Status.SUPERSEDED, 0, ""
    order.next_attempt_at = clock.now() if order.kind == Kind.LINK else None
    order.save(update_fields=["status", "attempts", "last_failure", "next_attempt_at", "updated_at"])
    if order.kind == Kind.DEBIT:
        withdraw_debits(MandateCharge.objects.filter(order=order), OTHER_AMOUNT)
    if order.kind == Kind.LINK:
        wake_on_commit("payments.tasks.close_link", order.pk)


def _make(order: PaymentOrder) -> None:
    try:
        found = _find_or_create(gateway_of(order), order)
        if (found.amount_minor, found.currency) != (order.amount_minor, order.currency):
            raise GatewayRefused(f"Razorpay holds another amount under receipt {order.receipt}.")
    except GatewayError as error:
        _note_failure(order, error)
        raise
    confirm(order, found)


def _find_or_create(gateway: RazorpayGateway, order: PaymentOrder) -> GatewayOrder | GatewayLink:
    found = _find(gateway, order) if order.sent_at is not None else None
    if found is not None:
        return found
    # Noted before the call: should this process die now, the next one looks up first.
    PaymentOrder.objects.filter(pk=order.pk, sent_at__isnull=True).update(sent_at=clock.now())
    try:
        return _create(gateway, order)
    except GatewayError:
        # The answer may be all that got lost, or our reference was taken by a call that we believed lost.
        found = _find_quietly(gateway, order)
        if found is None:
            raise
        return found


def _find(gateway: RazorpayGateway, order: PaymentOrder) -> GatewayOrder | GatewayLink | None:
    """What Razorpay holds under our receipt."""
    if order.kind == Kind.LINK:
        return gateway.find_link(reference=order.receipt)
    return gateway.find_order(receipt=order.receipt)


def _find_quietly(gateway: RazorpayGateway, order: PaymentOrder) -> GatewayOrder | GatewayLink | None:
    try:
        return _find(gateway, order)
    except GatewayError:  # the first error says more
        return None


def _create(gateway: RazorpayGateway, order: PaymentOrder) -> GatewayOrder | GatewayLink:
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
        callback_url=pay_page_url(invoice),
        notes=notes,
        expires_at=order.expires_at,
        first_part_minor=to_minor(Money(order.first_part, order.currency)) if order.first_part else None,
    )


@transaction.atomic
def confirm(order: PaymentOrder, found: GatewayOrder | GatewayLink) -> None:
    """Note Razorpay's id, and let the row go. A request that was superseded meanwhile stays superseded."""
    row = PaymentOrder.objects.select_for_update().get(pk=order.pk)
    _learn_ids(row, found)
    if row.status == Status.CREATED:
        row.status = Status.OPEN
        row.save(update_fields=["status", *row.end()])
    elif row.claimed_until == order.claimed_until:
        _let_go(row)


@transaction.atomic
def _note_failure(order: PaymentOrder, error: GatewayError) -> None:
    """Only while the claim is still ours: the process that took it over may have succeeded."""
    row = PaymentOrder.objects.select_for_update().get(pk=order.pk)
    if row.claimed_until != order.claimed_until:
        return
    if row.status != Status.CREATED:
        _let_go(row)
        return
    is_final = isinstance(error, GatewayRefused) and not error.transient
    claims.note_failure(row, error, final=is_final, **({"status": Status.FAILED} if is_final else {}))


def _let_go(row: PaymentOrder) -> None:
    """Superseded while we asked for it: a link waits to be closed, an order waits for nothing."""
    waits = PaymentOrder.objects.links_to_close().filter(pk=row.pk).exists()
    row.save(update_fields=row.wait() if waits else row.end())


def _learn_ids(row: PaymentOrder, found: GatewayOrder | GatewayLink) -> None:
    """Write Razorpay's id onto a row that has none yet. Another process, or a message, may have come first."""
    if isinstance(found, GatewayLink):
        is_known = row.razorpay_link_id is not None
        ids = {"razorpay_link_id": found.id, "short_url": found.short_url}
    else:
        is_known = row.razorpay_order_id is not None
        ids = {"razorpay_order_id": found.id}
    if is_known:
        return
    for name, value in ids.items():
        setattr(row, name, value)
    row.save(update_fields=[*ids, "updated_at"])


def _cancel_link(gateway: RazorpayGateway, order: PaymentOrder) -> GatewayLink | None:
    """The link after we asked Razorpay to cancel it; None if it was never made."""
    if order.razorpay_link_id is None:
        found = _find(gateway, order) if order.sent_at is not None else None
        if not isinstance(found, GatewayLink):
            return None
        _learn_ids(order, found)
    link_id = order.razorpay_link_id or ""
    try:
        return gateway.cancel_link(link_id=link_id)
    except GatewayRefused as refusal:
        if refusal.transient:
            raise
        # Cancelled, expired or paid already; or paid in part.
        link = gateway.fetch_link(link_id=link_id)
    ends_at = clock.now() + ENDS_IN
    if link.status != "partially_paid" or (link.expires_at is not None and link.expires_at <= ends_at):
        return link
    return gateway.end_link(link_id=link_id, expires_at=ends_at)
