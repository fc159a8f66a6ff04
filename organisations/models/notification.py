"""The outbox: every message to somebody outside is a row first, and is sent from the row."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel


class Notification(BaseModel, TenantModel):
    """One e-mail. The dedupe key makes "never sent twice" a promise of the database."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

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
    attachments = models.JSONField(default=list, help_text="[{storage_name, filename, content_type}]")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="When a worker took it.")
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name = "e-mail"
        ordering = ["-created_at"]
        permissions = [("resend_notification", "Can send a failed e-mail again")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status__in=["pending", "sending"]),
                name="notification_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {', '.join(self.recipients)}"
