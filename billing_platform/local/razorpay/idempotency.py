"""X-Refund-Idempotency: the same key never moves money twice."""

from __future__ import annotations

import hashlib
import json
import re

from django.db import IntegrityError
from django.http import HttpRequest

from billing_platform.local.razorpay import faults
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_refund
from billing_platform.local.razorpay.models import IdempotencyKey, Refund
from billing_platform.local.razorpay.services import refunds

HEADER = "X-Refund-Idempotency"
SHORTEST, LONGEST = 10, 200


def refund_once(request: HttpRequest, payment_id: str, data: JSON) -> Refund:
    """Refund, or answer with the refund that this key already made."""
    key = request.headers.get(HEADER)
    if key is None:
        return refunds.create_refund(payment_id=payment_id, data=data)
    _check_form(key)
    fingerprint = _fingerprint(payment_id, data)
    try:
        # Committed before the work, so that a second request sees the first under way.
        claim = IdempotencyKey.objects.create(key=key, fingerprint=fingerprint)
    except IntegrityError:
        return _replay(key, fingerprint)
    try:
        faults.pause_in_flight(request)
        return refunds.create_refund(payment_id=payment_id, data=data, idempotency=claim)
    except BaseException:
        IdempotencyKey.objects.filter(pk=claim.pk, refund=None).delete()
        raise


def _check_form(key: str) -> None:
    if len(key) < SHORTEST:
        raise RazorpayError("The idempotency key must be at least 10 characters long.")
    if len(key) > LONGEST or not re.fullmatch(r"[A-Za-z0-9_-]+", key):
        raise RazorpayError("The idempotency key may only contain letters, numbers, dashes and underscores.")


def _fingerprint(payment_id: str, data: JSON) -> str:
    canonical = json.dumps([payment_id, data], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _replay(key: str, fingerprint: str) -> Refund:
    earlier = IdempotencyKey.objects.select_related("refund").filter(key=key).first()
    if earlier is not None and earlier.fingerprint != fingerprint:
        raise RazorpayError(
            "Different request with the same idempotency key has already been processed.",
            status=409,
        )
    if earlier is None or earlier.refund is None:
        raise RazorpayError("Another request with the same idempotency key is still in progress.", status=409)
    return get_refund(earlier.refund.public_id)
