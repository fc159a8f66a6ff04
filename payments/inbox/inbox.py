"""The gateway's messages: stored word for word at once, understood later, by whichever worker comes first.

Receiving checks the signature over the raw bytes and writes one row. Processing claims the row by a conditional
update, applies it in one transaction together with its own end, and keeps any error on the row. The content is a
report taken when the event happened; it may come twice and in any order, which `payment_reports` is built for.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from prometheus_client import Counter

from billing_platform.lib import clock, signing
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.work import claims
from billing_platform.lib.work.waking import wake_on_commit
from organisations import audit
from payments.gateways import GatewayPayment, current_gateway, is_configured
from payments.gateways.razorpay import NamelessEntity, parse_link, parse_payment, parse_refund
from payments.models import InboundWebhook, Payment, PaymentOrder
from payments.services.checkout import learn_order_id
from payments.services.payment_reports import apply_payment_report

logger = logging.getLogger(__name__)

WEBHOOKS = Counter("billing_webhooks_total", "Webhooks that arrived, by what became of them.", ["outcome"])

Status = InboundWebhook.Status
MAX_BODY_BYTES = 1_000_000
"""Razorpay's messages have a few thousand."""
KEPT_HEADERS = ("Content-Type", "User-Agent", "X-Razorpay-Event-Id", "X-Razorpay-Signature")
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,100}")
_EVENT_TYPE = re.compile(r"[a-z0-9_.]{1,60}")


class Unplaced(Exception):
    """Nothing of ours belongs to the message. Not an error: the row is kept, with the reason."""


def receive_webhook(*, body: bytes, signature: str, event_id: str, headers: Mapping[str, str]) -> InboundWebhook:
    """Store a signed message, once per event id and once per body, and wake a worker.

    The event id is a header and not signed: whoever captured one message could send it under many ids. Razorpay's own
    retries have the id and the body of the first delivery, and two events with the very same bytes say the same thing.
    Raises InvalidInput SIGNATURE_INVALID, INVALID_BODY or PAYLOAD_TOO_LARGE; nothing is stored then.
    """
    if len(body) > MAX_BODY_BYTES:
        WEBHOOKS.labels("bad_body").inc()
        raise InvalidInput(f"The body has more than {MAX_BODY_BYTES} bytes.", code="PAYLOAD_TOO_LARGE", status=413)
    if not signing.verify(body, signature, *settings.RAZORPAY_WEBHOOK_SECRETS):
        WEBHOOKS.labels("bad_signature").inc()
        logger.warning("webhook with a bad signature", extra={"bytes": len(body)})
        raise InvalidInput("The signature does not match the body.", code="SIGNATURE_INVALID")
    event_type = _event_type(body)
    digest = hashlib.sha256(body).hexdigest()
    if not _EVENT_ID.fullmatch(event_id):
        event_id = f"sha256:{digest}"
    kept = {name: headers[name][:300] for name in KEPT_HEADERS if name in headers}
    row = InboundWebhook(event_id=event_id, body_digest=digest, event_type=event_type, body=body.decode(), headers=kept)
    InboundWebhook.objects.bulk_create([row], ignore_conflicts=True)
    webhook: InboundWebhook = InboundWebhook.objects.filter(Q(event_id=event_id) | Q(body_digest=digest)).earliest(
        "received_at"
    )
    created = webhook.pk == row.pk
    if created:
        wake_on_commit("payments.tasks.process_webhook", webhook.pk)
    WEBHOOKS.labels("stored" if created else "known").inc()
    return webhook


def _event_type(body: bytes) -> str:
    try:
        event = json.loads(body.decode())
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested without end
        WEBHOOKS.labels("bad_body").inc()
        raise InvalidInput("The body is not JSON.", code="INVALID_BODY") from error
    name = event.get("event") if isinstance(event, dict) else None
    if not isinstance(name, str) or not _EVENT_TYPE.fullmatch(name) or not isinstance(event.get("payload"), dict):
        WEBHOOKS.labels("bad_body").inc()
        raise InvalidInput("The body is not an event.", code="INVALID_BODY")
    return name


def process_webhook(*, webhook_id: UUID) -> bool:
    """Apply a stored message if it is due and nobody else is at it. Says whether this call ended it well."""
    webhook = claims.claim(InboundWebhook.objects.all(), webhook_id)
    if webhook is None:
        return False
    try:
        _apply(webhook)
    except (Unplaced, NamelessEntity) as reason:
        _end(webhook, Status.IGNORED, str(reason))
    except Exception as error:  # whatever it is, it is kept on the row and never stops the others
        claims.note_failure(webhook, error)
        return False
    return True


@transaction.atomic
def retry_webhook(*, webhook_id: UUID) -> InboundWebhook:
    """An operator's second try of a message that was given up or ignored. Raises DomainError for any other state."""
    webhook: InboundWebhook = InboundWebhook.objects.select_for_update().get(pk=webhook_id)
    before = webhook.status
    if before not in (Status.FAILED, Status.IGNORED):
        raise DomainError("Only a failed or ignored webhook can be processed again.", code="WEBHOOK_NOT_FAILED")
    webhook.outcome = ""
    webhook.save(update_fields=["outcome", *webhook.try_now()])
    audit.note(webhook, status=(before, webhook.status))
    wake_on_commit("payments.tasks.process_webhook", webhook_id)
    return webhook


def _apply(webhook: InboundWebhook) -> None:
    payload = json.loads(webhook.body)["payload"]
    payment, link, refund = (_entity(payload, name) for name in ("payment", "payment_link", "refund"))
    if payment is not None:
        report = parse_payment(payment)
        given_back = parse_refund(refund) if refund is not None else None
        order = _place(report, link)  # may ask the gateway: before the transaction
        with transaction.atomic():
            applied = apply_payment_report(order_id=order.pk, report=report, refund=given_back)
            _end(webhook, Status.PROCESSED, _told(applied), order=order)
    elif link is not None:
        with transaction.atomic():
            _apply_link(webhook, link)
    else:
        raise Unplaced("It reports nothing about a payment or a payment link.")


def _entity(payload: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    holder = payload.get(name)
    entity = holder.get("entity") if isinstance(holder, dict) else None
    return entity if isinstance(entity, dict) else None


def _told(payment: Payment) -> str:
    text = f"Payment {payment.razorpay_payment_id} is {payment.get_status_display().lower()}."
    return f"{text} {payment.problem}".strip()[:255]


def _place(report: GatewayPayment, link: Mapping[str, Any] | None) -> PaymentOrder:
    """Our order that a payment belongs to; a link's order is learnt on the way. Raises Unplaced."""
    order = _known_order(report)
    if order is None and link is not None:
        order = _order_of_link(link)
    if order is None:
        order = _order_by_asking(report)
    if order is None:
        raise Unplaced(f"No payment order of ours belongs to {report.id} (order {report.order_id or 'none'}).")
    if order.kind == PaymentOrder.Kind.LINK:
        learn_order_id(order, report.order_id)
    return order


def _known_order(report: GatewayPayment) -> PaymentOrder | None:
    if report.order_id:
        order: PaymentOrder | None = PaymentOrder.objects.filter(razorpay_order_id=report.order_id).first()
        if order is not None:
            return order
    known: PaymentOrder | None = PaymentOrder.objects.filter(payments__razorpay_payment_id=report.id).first()
    return known


def _order_of_link(entity: Mapping[str, Any]) -> PaymentOrder | None:
    link = parse_link(entity)
    links = PaymentOrder.objects.filter(kind=PaymentOrder.Kind.LINK)
    found: PaymentOrder | None = links.filter(Q(razorpay_link_id=link.id) | Q(receipt=link.reference)).first()
    return found


def _order_by_asking(report: GatewayPayment) -> PaymentOrder | None:
    """A link's first events name only its order, which nobody told us: ask which link was paid.

    Only while there is a link that has no order yet; the account may belong to other systems as well.
    """
    waiting = PaymentOrder.objects.filter(razorpay_link_id__isnull=False, razorpay_order_id__isnull=True)
    if not report.order_id or not is_configured() or not waiting.exists():
        return None
    link = current_gateway().find_link(payment_id=report.id)
    if link is None or link.order_id != report.order_id:
        return None
    order: PaymentOrder | None = waiting.filter(razorpay_link_id=link.id).first()
    return order


def _apply_link(webhook: InboundWebhook, entity: Mapping[str, Any]) -> None:
    """Cancelled or expired at the gateway: stop showing it. Anything else about a link comes with its payment."""
    order = _order_of_link(entity)
    if order is None:
        raise Unplaced(f"No payment link of ours is {entity.get('id')}.")
    status = parse_link(entity).status
    if status in ("cancelled", "expired"):
        now = clock.now()
        live = PaymentOrder.objects.live().filter(pk=order.pk)
        live.update(status=PaymentOrder.Status.SUPERSEDED, updated_at=now)
        PaymentOrder.objects.filter(pk=order.pk, closed_at__isnull=True).update(closed_at=now, next_attempt_at=None)
    _end(webhook, Status.PROCESSED, f"Payment link {order} is {status}."[:255], order=order)


def _end(webhook: InboundWebhook, status: str, outcome: str, *, order: PaymentOrder | None = None) -> None:
    placed = {} if order is None else {"organisation": order.invoice.organisation}
    claims.done(webhook, status=status, outcome=outcome[:255], processed_at=clock.now(), **placed)
