"""What the sandbox puts right when its process starts."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from billing_platform.local.razorpay import clock
from billing_platform.local.razorpay.models import Delivery, IdempotencyKey, State


@transaction.atomic
def prepare() -> None:
    """Follow the environment and forget requests that died with the last process.

    A night switched off is not a day of failures: overdue deliveries wait until the platform,
    started together with us, is up, and do not count against its endpoint.
    """
    state, now = State.load(), clock.now()
    state.webhook_url = settings.SANDBOX_WEBHOOK_URL
    state.webhook_secret = settings.RAZORPAY_WEBHOOK_SECRET
    state.webhook_enabled = True
    state.healthy_at = now
    state.save()
    overdue = Delivery.objects.filter(status=Delivery.Status.PENDING, due_at__lte=now)
    overdue.update(due_at=now + state.retry_base_seconds)
    IdempotencyKey.objects.filter(refund=None).delete()
