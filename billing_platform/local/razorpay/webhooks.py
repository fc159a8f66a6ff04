"""Events: snapshots of entities, put in the queue that `delivery` empties."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from billing_platform.local.razorpay import clock, delivery
from billing_platform.local.razorpay.balance_entities import dispute_json, settlement_json
from billing_platform.local.razorpay.entities import order_json, payment_json, payment_link_json, refund_json
from billing_platform.local.razorpay.errors import JSON
from billing_platform.local.razorpay.identifiers import ACCOUNT_ID
from billing_platform.local.razorpay.mandate_entities import notification_json, registration_link_json, token_json
from billing_platform.local.razorpay.models import (
    Delivery,
    Dispute,
    Event,
    Order,
    Payment,
    PaymentLink,
    Refund,
    RegistrationLink,
    Settlement,
    State,
    Token,
)


@dataclass(frozen=True)
class Announcement:
    """What an event will say; taken when it happens, as later changes must not show."""

    name: str
    payload: JSON
    created_at: int | None = None
    date_in_payload: bool = False  # as Razorpay writes some events


def payment_event(name: str, payment: Payment) -> Announcement:
    return Announcement(name, {"payment": _payment(payment, name)})


def order_paid(payment: Payment, order: Order) -> Announcement:
    return Announcement("order.paid", {"payment": _payment(payment), "order": order_json(order)})


def payment_link_paid(name: str, link: PaymentLink, order: Order, payment: Payment) -> Announcement:
    """Its `created_at` is the link's, and its order lacks the prefix, as in Razorpay's samples."""
    bare_order = order_json(order) | {
        "id": order.public_id.removeprefix("order_"),
        "merchant_id": ACCOUNT_ID.removeprefix("acc_"),
        "product_id": link.public_id.removeprefix("plink_"),
        "product_type": "payment_link_v2",
    }
    del bare_order["entity"]
    payload = {
        "payment_link": payment_link_json(link),
        "order": bare_order,
        "payment": _payment(payment),
    }
    return Announcement(name, payload, created_at=link.created_at)


def payment_link_event(name: str, link: PaymentLink) -> Announcement:
    return Announcement(name, {"payment_link": payment_link_json(link)}, link.created_at)


def refund_event(name: str, refund: Refund) -> Announcement:
    payload = {"refund": refund_json(refund), "payment": _payment(refund.payment)}
    return Announcement(name, payload, date_in_payload=name == "refund.speed_changed")  # as in Razorpay's sample


def invoice_event(name: str, link: RegistrationLink, payment: Payment | None = None) -> Announcement:
    """Registration links call themselves invoices."""
    payload: JSON = {}
    if payment is not None:
        payload["payment"] = _payment(payment)
    payload |= {"order": order_json(link.order), "invoice": registration_link_json(link)}
    return Announcement(name, payload)


def token_event(token: Token) -> Announcement:
    return Announcement(f"token.{token.status}", {"token": token_json(token)})


def settlement_processed(settlement: Settlement) -> Announcement:
    return Announcement("settlement.processed", {"settlement": settlement_json(settlement)})


def dispute_event(name: str, dispute: Dispute) -> Announcement:
    payload = {"payment": _payment(dispute.payment), "dispute": dispute_json(dispute)}
    return Announcement(f"payment.dispute.{name}", payload)


def notification_event(order: Order) -> Announcement:
    notification = notification_json(order)
    name = f"order.notification.{notification['status']}"
    return Announcement(name, {"notification": notification}, date_in_payload=True)


def downtime_event(status: str, entity: JSON) -> Announcement:
    return Announcement(f"payment.downtime.{status}", {"payment.downtime": entity})


def _payment(payment: Payment, event_name: str = "") -> JSON:
    entity = payment_json(payment, with_card=True)
    if State.load().hide_fees_in_webhooks:
        entity |= {"fee": None, "tax": None}
    if payment.method == "card" and event_name in ("payment.authorized", "payment.failed"):
        # Razorpay's card samples say so; a receiver must look at `status`.
        entity["captured"] = True
    return entity


def announce(announcements: Sequence[Announcement]) -> None:
    """Queue the events of one act, in order unless the sandbox was told to shuffle."""
    state = State.load()
    events = Event.objects.bulk_create(_event(announcement, state) for announcement in announcements)
    queue = events * (1 + state.duplicate)
    if state.reorder:
        queue.reverse()
    can_send = bool(state.webhook_url) and state.webhook_enabled
    status = Delivery.Status.PENDING if can_send else Delivery.Status.NOT_SENT
    due_at = clock.now() + state.delay_seconds
    Delivery.objects.bulk_create(Delivery(event=event, status=status, due_at=due_at) for event in queue)
    transaction.on_commit(delivery.something_due.set)


def _event(announcement: Announcement, state: State) -> Event:
    now = clock.now()
    envelope: JSON = {
        "entity": "event",
        "account_id": ACCOUNT_ID,
        "event": announcement.name,
        "contains": list(announcement.payload),
        "payload": {name: {"entity": entity} for name, entity in announcement.payload.items()},
    }
    dated = envelope["payload"] if announcement.date_in_payload else envelope
    dated["created_at"] = announcement.created_at or now
    return Event(
        name=announcement.name,
        body=_serialise(envelope),
        secret=state.webhook_secret,
        created_at=now,
    )


def _serialise(envelope: JSON) -> str:
    """As PHP writes it: whoever re-serialises before verifying gets other bytes."""
    return json.dumps(envelope, separators=(",", ":")).replace("/", "\\/")
