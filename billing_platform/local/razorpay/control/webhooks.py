"""How webhooks travel: what is waiting, sent again, sent wrongly signed, released."""

from __future__ import annotations

from django.http import HttpRequest

from billing_platform.local.razorpay import delivery
from billing_platform.local.razorpay.control.endpoint import Route, control, options_of
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.models import Delivery
from billing_platform.local.razorpay.validation import clean_integer


def _deliveries(request: HttpRequest) -> JSON:
    rows = Delivery.objects.select_related("event").order_by("pk")
    return {"items": [_delivery_json(row) for row in rows]}


def _delivery_json(row: Delivery) -> JSON:
    return {
        "id": row.pk,
        "event": row.event.name,
        "event_id": row.event.event_id,
        "status": row.status,
        "due_at": row.due_at,
        "attempts": row.attempts,
        "headers": delivery.headers_of(row.event),
        "body": row.event.body,
    }


def _redeliver(request: HttpRequest, delivery_id: str) -> JSON:
    """Send it now, whatever its state, and answer with what came of it; also `copies`, and `signature`."""
    options = options_of(request)
    sent = delivery.redeliver(
        delivery_pk=int(delivery_id),
        copies=clean_integer(options.get("copies", 1), "copies"),
        signature=clean_signature(options.get("signature")),
    )
    if sent is None:
        raise RazorpayError("The id provided does not exist")
    return _delivery_json(sent)


def clean_signature(value: object) -> delivery.Signature:
    signature = str(value or delivery.Signature.GOOD)
    if signature not in delivery.Signature.values:
        raise RazorpayError(f"signature must be one of {', '.join(delivery.Signature.values)}", field="signature")
    return delivery.Signature(signature)


def clean_release_order(value: object) -> str:
    order = str(value or delivery.RELEASE_ORDERS[0])
    if order not in delivery.RELEASE_ORDERS:
        raise RazorpayError(f"order must be one of {', '.join(delivery.RELEASE_ORDERS)}", field="order")
    return order


def _release(request: HttpRequest) -> JSON:
    """Send all that waits, now, in the given order; holding goes on for what comes later."""
    order = clean_release_order(options_of(request).get("order"))
    return {"items": [_delivery_json(row) for row in delivery.release(order=order)]}


ROUTES: list[Route] = [
    ("webhooks", control(GET=_deliveries)),
    ("webhooks/release", control(POST=_release)),
    ("webhooks/<int:delivery_id>/redeliver", control(POST=_redeliver)),
]
