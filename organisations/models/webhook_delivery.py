"""One message on its way to one endpoint, and every try to deliver it."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, State
from organisations.models.webhook_endpoint import WebhookEndpoint
from organisations.models.webhook_message import WebhookMessage
from organisations.scoping import TenantModel, TenantQuerySet


class WebhookDeliveryQuerySet(TenantQuerySet):
    def given_up(self) -> Self:
        """They need a person: no try of a day was taken by the receiver, and its endpoint is still in use."""
        return self.filter(status=WebhookDelivery.Status.FAILED, endpoint__status=WebhookEndpoint.Status.ACTIVE)

    def unmade(self) -> Self:
        """What they are to say could not be made, by a fault of ours."""
        return self.filter(message__payload__isnull=True, payload=WebhookEndpoint.Payload.FULL)


class WebhookDelivery(ClaimedWork, BaseModel, TenantModel):
    """Waits until every earlier message about the same object was delivered to the same endpoint, or given up."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SENDING = "sending", "Sending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"

    tenant_path = "endpoint__organisation"
    claim_lasts = timedelta(minutes=2)
    max_attempts = 12  # the last one is 20 to 26 hours after the first
    own_status = {
        State.WAITING: Status.PENDING,
        State.AT_WORK: Status.SENDING,
        State.GIVEN_UP: Status.FAILED,
        State.DONE: Status.DELIVERED,
    }

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    message = models.ForeignKey(WebhookMessage, on_delete=models.CASCADE, related_name="deliveries")
    object_id = models.UUIDField("object", help_text="The message's: in whose order it is delivered.")
    payload = models.CharField(max_length=4, choices=WebhookEndpoint.Payload, help_text="What it holds of its object.")
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookDeliveryQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        ordering = ["-created_at", "-message_id"]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
                name="webhook_delivery_due",
            ),
            models.Index(
                fields=["endpoint", "object_id", "message"],
                condition=Q(next_attempt_at__isnull=False),
                name="webhook_delivery_in_order",
            ),
            models.Index(fields=["endpoint", "-created_at"], name="webhook_delivery_by_time"),
            models.Index(fields=["endpoint"], condition=Q(status="failed"), name="webhook_delivery_failed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "message"], name="webhook_message_once_per_endpoint"),
            models.CheckConstraint(
                condition=Q(status="delivered", delivered_at__isnull=False, next_attempt_at__isnull=True)
                | Q(status="failed", next_attempt_at__isnull=True)
                | Q(status__in=["pending", "sending"], next_attempt_at__isnull=False),
                name="webhook_delivery_waits_or_has_ended",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="what_goes_where_never_changes", fields=["endpoint", "message", "object_id", "payload"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message} to {self.endpoint}"


class WebhookAttempt(BaseModel, TenantModel):
    """One try: what was sent, and what came back."""

    tenant_path = "delivery__endpoint__organisation"

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries")
    sent_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField(help_text="From the look-up of the host to the end of the answer.")
    headers = models.JSONField(default=dict, help_text="Of the request, without its signature.")
    answer_status = models.PositiveSmallIntegerField("answer", null=True, help_text="Empty: there was none.")
    answer = models.TextField("body of the answer", blank=True, help_text="Its first 4 KB.")
    failure = models.TextField(blank=True, help_text="Empty: the receiver took it.")

    class Meta:
        verbose_name = "try"
        verbose_name_plural = "tries"
        ordering = ["-sent_at"]
        triggers = [pgtrigger.Protect(name="what_came_back_never_changes", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.answer_status or 'No answer'} after {self.milliseconds:,} ms"
