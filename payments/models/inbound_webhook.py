"""The inbox: every signed message of the gateway, word for word, before anything is made of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.database.triggers import no_truncate
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet

CLAIM_EXPIRES = timedelta(minutes=5)
"""A worker that claimed a message this long ago is dead; its work was one transaction and left nothing behind."""


class InboundWebhookQuerySet(TenantQuerySet):
    def due(self, now: datetime) -> Self:
        """To be processed now: waiting and due, or claimed by a worker that died."""
        waiting = Q(status=InboundWebhook.Status.PENDING, next_attempt_at__lte=now)
        abandoned = Q(status=InboundWebhook.Status.PROCESSING, claimed_at__lt=now - CLAIM_EXPIRES)
        return self.filter(waiting | abandoned)


class InboundWebhook(BaseModel, TenantModel):
    """One row per event id, however often it is delivered. Belongs to no organisation until it is placed."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSING = "processing", "Processing"
        PROCESSED = "processed", "Processed"
        IGNORED = "ignored", "Ignored"
        FAILED = "failed", "Failed"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, null=True, blank=True, related_name="webhooks"
    )
    event_id = models.CharField(max_length=100, unique=True)
    event_type = models.CharField(max_length=60)
    body = models.TextField(help_text="Exactly as received; the signature was checked over these bytes.")
    # Without a value only on copies that were stored before the digest was asked for. The event id is a header and not
    # signed: the same body under another id is the same message.
    body_digest = models.CharField("digest of the body", max_length=64, null=True, editable=False, unique=True)  # noqa: DJ001
    headers = models.JSONField(default=dict)
    received_at = models.DateTimeField(default=clock.now)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=255, blank=True, help_text="What came of it, or why it is ignored.")
    last_error = models.TextField(blank=True)

    objects = InboundWebhookQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "webhook"
        ordering = ["-received_at"]
        permissions = [("process_inboundwebhook", "Can process a stored webhook again")]
        indexes = [
            models.Index(fields=["-received_at"], name="webhook_by_time"),
            models.Index(
                fields=["next_attempt_at"], condition=Q(status__in=["pending", "processing"]), name="webhook_due"
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="what_arrived_never_changes",
                fields=["event_id", "event_type", "body", "body_digest", "headers", "received_at"],
            ),
            pgtrigger.Protect(name="is_kept", operation=pgtrigger.Delete),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"
