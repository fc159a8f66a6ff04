"""What the sandbox puts right when its process starts."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from payments.sandbox.models import IdempotencyKey, State


@transaction.atomic
def prepare() -> None:
    """Follow the environment and forget requests that died with the last process."""
    state = State.load()
    state.webhook_url = settings.SANDBOX_WEBHOOK_URL
    state.webhook_secret = settings.RAZORPAY_WEBHOOK_SECRET
    state.save(update_fields=["webhook_url", "webhook_secret"])
    IdempotencyKey.objects.filter(refund=None).delete()
