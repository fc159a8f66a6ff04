"""Downtimes: the merchant is told that a way to pay is down, and that it works again. Payments are not touched."""

from __future__ import annotations

from django.db import transaction

from billing_platform.local.razorpay import clock, webhooks
from billing_platform.local.razorpay.errors import JSON, RazorpayError

STATUSES = ("started", "updated", "resolved")
METHODS = ("upi", "card", "netbanking", "wallet")


@transaction.atomic
def tell(*, method: str, status: str, severity: str = "high", instrument: JSON | None = None) -> JSON:
    """One downtime for each way to pay, so that its end is known by its method. Returns the entity."""
    if method not in METHODS:
        raise RazorpayError(f"method must be one of {', '.join(METHODS)}", field="method")
    if status not in STATUSES:
        raise RazorpayError(f"status must be one of {', '.join(STATUSES)}", field="status")
    now = clock.now()
    entity: JSON = {
        "id": f"down_{method:X<14}",
        "entity": "payment.downtime",
        "method": method,
        "begin": now,
        "end": now if status == "resolved" else None,
        "status": "resolved" if status == "resolved" else "started",
        "scheduled": False,
        "severity": severity,
        "instrument": instrument or {},
        "created_at": now,
        "updated_at": now,
    }
    webhooks.announce([webhooks.downtime_event(status, entity)])
    return entity
