"""Delete messages, and the log of their deliveries, once they are old."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from billing_platform.lib import clock
from organisations.models import WebhookMessage

A_BATCH = 1000


def forget_old_messages() -> int:
    """Those older than WEBHOOKS_RETENTION_DAYS that nothing waits for any more. Returns how many. Two at once delete
    each row once."""
    before, forgotten = clock.now() - timedelta(days=settings.WEBHOOKS_RETENTION_DAYS), 0
    while True:
        with transaction.atomic():
            old = WebhookMessage.objects.filter(created_at__lt=before).exclude(
                deliveries__next_attempt_at__isnull=False
            )
            batch = list(old.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:A_BATCH])
            WebhookMessage.objects.filter(pk__in=batch).delete()
        forgotten += len(batch)
        if len(batch) < A_BATCH:
            return forgotten
