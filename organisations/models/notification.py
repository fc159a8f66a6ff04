"""The outbox: every message to somebody outside is a row first, and is sent from the row."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel


class Notification(ClaimedWork, BaseModel, TenantModel):
    """One e-mail. The dedupe key makes "never sent twice" a promise of the database."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    claim_lasts = timedelta(minutes=10)
    max_attempts = 8
    own_status = {
        State.WAITING: Status.PENDING,
        State.AT_WORK: Status.SENDING,
        State.GIVEN_UP: Status.FAILED,
        State.DONE: Status.SENT,
    }

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notifications",
    )
    kind = models.CharField(max_length=50, help_text="What it tells, such as invoice_issued.")
    dedupe_key = models.CharField(max_length=200, unique=True)
    recipients = models.JSONField(help_text="E-mail addresses.")
    sender = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=255)
    text = models.TextField()
    html = models.TextField(blank=True)
    attachments = models.JSONField(default=list, help_text="[{storage_name, filename, content_type, sha256}]")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "e-mail"
        ordering = ["-created_at"]
        permissions = [("resend_notification", "Can send a failed e-mail again")]
        indexes = [due_index("notification_due")]

    def __str__(self) -> str:
        return f"{self.subject} to {', '.join(self.recipients)}"
