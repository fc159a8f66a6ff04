"""What each type of Razorpay's messages means: a table from event type to the verb that reads the message.

Reading a message finds our order that it is about, and may ask Razorpay; so it happens outside a transaction. The
outcome is a frozen value whose `apply` writes to the database. A type that is not in the table is stored and ignored;
an operator can have it processed again once the table knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from billing_platform.lib import clock
from payments.gateways import GatewayPayment, GatewayRefund, gateway_of_environment, is_configured
from payments.gateways.entities import parse_dispute, parse_link, parse_payment, parse_refund
from payments.inbox.dispute_messages import DisputeMessage
from payments.inbox.downtime_messages import DowntimeMessage, read_downtime
from payments.inbox.mandate_messages import MandateMessage, mandate_of_registration, read_token_message
from payments.inbox.messages import NOT_HANDLED, Ignored, Payload, Subject, entity_of, subject_of
from payments.inbox.not_handled import why_not_handled
from payments.inbox.payout_messages import PayoutMessage, read_payout
from payments.models import GatewayAccount, PaymentOrder
from payments.models.inbound_webhook import DOWNTIME
from payments.services import collection
from payments.services.gateway_accounts import gateway_of
from payments.services.payment_reports import apply_payment_report


@dataclass(frozen=True)
class PaymentMessage:
    """Something happened to a payment, or to a refund of it."""

    order: PaymentOrder
    payment: GatewayPayment
    refund: GatewayRefund | None

    @property
    def subject(self) -> Subject:
        return subject_of(self.order)

    def apply(self) -> str:
        """Returns what came of it, as a sentence for operators."""
        collection.learn_order_id(self.order, self.payment.order_id)
        payment = apply_payment_report(order_id=self.order.pk, report=self.payment, refund=self.refund)
        text = f"Payment {payment.razorpay_payment_id} is {payment.get_status_display().lower()}."
        return f"{text} {payment.problem}".strip()


@dataclass(frozen=True)
class LinkMessage:
    """A payment link came to an end without a payment."""

    order: PaymentOrder
    status: str

    @property
    def subject(self) -> Subject:
        return subject_of(self.order)

    def apply(self) -> str:
        """Returns what came of it, as a sentence for operators."""
        if self.status in ("cancelled", "expired"):
            collection.note_link_closed(self.order)
        return f"Payment link {self.order} is {self.status}."


def read_payment(payload: Payload, account: GatewayAccount | None) -> PaymentMessage | MandateMessage:
    """Raises Ignored, NamelessEntity, ValueError or KeyError for a malformed entity, GatewayError."""
    entity = entity_of(payload, "payment")
    if entity is None:
        raise Ignored(NOT_HANDLED)
    payment = parse_payment(entity)
    mandate = mandate_of_registration(payment)
    if mandate is not None:
        return MandateMessage(mandate, payment=payment)
    refund_entity = entity_of(payload, "refund")
    refund = parse_refund(refund_entity) if refund_entity is not None else None
    order = _order_of_payment(payment, entity_of(payload, "payment_link"), account)
    order = order or _order_by_receipt(entity_of(payload, "order"))
    if order is None:
        raise Ignored(f"No payment order of ours belongs to {payment.id} (order {payment.order_id or 'none'}).")
    return PaymentMessage(order, payment, refund)


def read_link(payload: Payload, account: GatewayAccount | None) -> LinkMessage:
    """Raises Ignored, NamelessEntity, ValueError or KeyError for a malformed entity."""
    entity = entity_of(payload, "payment_link")
    if entity is None:
        raise Ignored(NOT_HANDLED)
    order = _order_of_link(entity)
    if order is None:
        raise Ignored(f"No payment link of ours is {entity.get('id')}.")
    return LinkMessage(order, parse_link(entity).status)


def read_dispute(payload: Payload, account: GatewayAccount | None) -> DisputeMessage:
    """The message is the occasion: what Razorpay says of the dispute now is what counts.

    Raises Ignored, NamelessEntity, ValueError or KeyError for a malformed entity, GatewayError.
    """
    entity, payment_entity = entity_of(payload, "dispute"), entity_of(payload, "payment")
    if entity is None or payment_entity is None:
        raise Ignored(NOT_HANDLED)
    dispute, payment = parse_dispute(entity), parse_payment(payment_entity)
    order = _order_of_payment(payment, None, account)
    if order is None:
        raise Ignored(f"No payment order of ours belongs to {payment.id} (order {payment.order_id or 'none'}).")
    told_at = clock.now()
    return DisputeMessage(order, payment, gateway_of(order).fetch_dispute(dispute_id=dispute.id), told_at)


Message = PaymentMessage | LinkMessage | DisputeMessage | MandateMessage | PayoutMessage | DowntimeMessage
DISPUTE_EVENTS = ("created", "action_required", "under_review", "won", "lost", "closed")

HANDLERS: Mapping[str, Callable[[Payload, GatewayAccount | None], Message]] = {
    "payment.authorized": read_payment,
    "payment.captured": read_payment,
    "payment.failed": read_payment,
    "payment.refunded": read_payment,  # Razorpay's list of events doesn't name it
    "order.paid": read_payment,
    "payment_link.paid": read_payment,
    "payment_link.partially_paid": read_payment,
    "payment_link.cancelled": read_link,
    "payment_link.expired": read_link,
    "refund.created": read_payment,
    **dict.fromkeys(("token.confirmed", "token.rejected", "token.cancelled", "token.paused"), read_token_message),
    "refund.processed": read_payment,
    "refund.failed": read_payment,
    "refund.speed_changed": read_payment,
    **dict.fromkeys((f"payment.dispute.{name}" for name in DISPUTE_EVENTS), read_dispute),
    "settlement.processed": read_payout,
    **dict.fromkeys((f"{DOWNTIME}{name}" for name in ("started", "updated", "resolved")), read_downtime),
}


def read(event_type: str, payload: Payload, account: GatewayAccount | None) -> Message:
    """What a message is about; `account` signed it (None: the environment's). May ask Razorpay.

    Raises Ignored for a type that is not in the table, and what its verb raises.
    """
    handler = HANDLERS.get(event_type)
    if handler is None:
        raise Ignored(why_not_handled(event_type))
    return handler(payload, account)


def _order_of_payment(
    payment: GatewayPayment, link: Payload | None, account: GatewayAccount | None
) -> PaymentOrder | None:
    """Our order that a payment belongs to."""
    order = _known_order(payment)
    if order is None and link is not None:
        order = _order_of_link(link)
    # Another message about the payment may have told the link's order while we asked.
    return order or _order_by_asking(payment, account) or _known_order(payment)


def _known_order(payment: GatewayPayment) -> PaymentOrder | None:
    orders = PaymentOrder.objects.select_related("invoice__organisation")
    if payment.order_id:
        order: PaymentOrder | None = orders.filter(razorpay_order_id=payment.order_id).first()
        if order is not None:
            return order
    known: PaymentOrder | None = orders.filter(payments__razorpay_payment_id=payment.id).first()
    return known


def _order_of_link(entity: Payload) -> PaymentOrder | None:
    link = parse_link(entity)
    links = PaymentOrder.objects.filter(kind=PaymentOrder.Kind.LINK)
    found: PaymentOrder | None = links.filter(Q(razorpay_link_id=link.id) | Q(receipt=link.reference)).first()
    return found


def _order_by_receipt(entity: Payload | None) -> PaymentOrder | None:
    """An order that Razorpay made, and whose answer got lost: only `order.paid` names its receipt."""
    receipt = entity.get("receipt") if entity is not None else None
    if not isinstance(receipt, str):
        return None
    found: PaymentOrder | None = PaymentOrder.objects.filter(receipt=receipt, razorpay_order_id__isnull=True).first()
    return found


def _order_by_asking(payment: GatewayPayment, account: GatewayAccount | None) -> PaymentOrder | None:
    """The first messages about a paid link name only the link's order, which we don't know: ask which link was paid.

    Asked only while there is a link without a known order: the account at Razorpay may belong to other systems as well.
    """
    waiting = PaymentOrder.objects.filter(razorpay_link_id__isnull=False, razorpay_order_id__isnull=True)
    if not payment.order_id or not (account or is_configured()) or not waiting.exists():
        return None
    gateway = account.gateway if account is not None else gateway_of_environment()
    link = gateway.find_link(payment_id=payment.id)
    if link is None or link.order_id != payment.order_id:
        return None
    order: PaymentOrder | None = waiting.filter(razorpay_link_id=link.id).first()
    return order
