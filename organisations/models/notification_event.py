"""What became of an e-mail at each of its recipients: one row for each thing that a mail server or a provider told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from organisations.models.notification import Notification
from organisations.scoping import TenantModel


class NotificationEvent(BaseModel, TenantModel):
    """Append-only. A provider tells the same twice, late and in any order: its id of an event is stored once."""

    class Kind(models.TextChoices):
        SENT = "sent", "Handed over"
        REFUSED = "refused", "Refused"
        DEFERRED = "deferred", "Deferred"
        DELIVERED = "delivered", "Delivered"
        OPENED = "opened", "Opened"
        CLICKED = "clicked", "Link opened"
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Complained of"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"

    tenant_path = "notification__organisation"

    notification = models.ForeignKey(
        Notification, verbose_name="e-mail", on_delete=models.PROTECT, related_name="events"
    )
    kind = models.CharField("what", max_length=12, choices=Kind)
    recipient = models.CharField(max_length=254, blank=True)
    happened_at = models.DateTimeField()
    provider = models.CharField(max_length=30, help_text="Who told: a provider, or the mail server.")
    event_id = models.CharField(max_length=200, blank=True, help_text="The provider's.")
    message_id = models.CharField(max_length=255, blank=True, help_text="The provider's name of the message.")
    detail = models.TextField(blank=True)

    class Meta:
        verbose_name = "event of an e-mail"
        verbose_name_plural = "events of e-mails"
        ordering = ["happened_at", "created_at"]
        indexes = [
            models.Index(fields=["message_id"], condition=~Q(message_id=""), name="notification_event_message"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "event_id"], condition=~Q(event_id=""), name="notification_event_once"
            ),
            models.UniqueConstraint(
                fields=["notification", "recipient"], condition=Q(kind="sent"), name="notification_sent_once_to_each"
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.recipient}"
