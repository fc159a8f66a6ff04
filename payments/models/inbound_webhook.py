"""The inbox: every signed message of Razorpay, word for word, stored before anything is done about it."""

from __future__ import annotations

from datetime import timedelta

import pgtrigger
from django.db import models

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from organisations.models import Organisation
from organisations.scoping import TenantModel
from payments.models.gateway_account import GatewayAccount


class InboundWebhook(ClaimedWork, BaseModel, TenantModel):
    """One row per event id, however often Razorpay delivers it. Belongs to no customer until its order is known."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSING = "processing", "Processing"
        PROCESSED = "processed", "Processed"
        IGNORED = "ignored", "Ignored"
        FAILED = "failed", "Failed"

    claim_lasts = timedelta(minutes=5)
    max_attempts = 10
    own_status = {
        State.WAITING: Status.PENDING,
        State.AT_WORK: Status.PROCESSING,
        State.GIVEN_UP: Status.FAILED,
        State.DONE: Status.PROCESSED,
    }

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, null=True, blank=True, related_name="webhooks"
    )
    gateway_account = models.ForeignKey(
        GatewayAccount,
        verbose_name="Razorpay account",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="webhooks",
        help_text="Whose secret it was signed with. Empty: the environment's.",
    )
    event_id = models.CharField(max_length=100, unique=True)
    event_type = models.CharField(max_length=60)
    body = models.TextField(help_text="Exactly as received; the signature was checked over these bytes.")
    # The event id is a header and not signed: the same body under another id is the same message.
    body_digest = models.CharField("digest of the body", max_length=64, null=True, editable=False, unique=True)  # noqa: DJ001
    headers = models.JSONField(default=dict)
    received_at = models.DateTimeField(default=clock.now)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    processed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=255, blank=True, help_text="What came of it, or why it is ignored.")

    class Meta:
        verbose_name = "webhook"
        ordering = ["-received_at"]
        permissions = [("process_inboundwebhook", "Can process a stored webhook again")]
        indexes = [
            models.Index(fields=["-received_at"], name="webhook_by_time"),
            due_index("webhook_due"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="what_arrived_never_changes",
                fields=["gateway_account", "event_id", "event_type", "body", "body_digest", "headers", "received_at"],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"
