"""What happened, as it is told to endpoints: one row an event, with its payload as it was then."""

from __future__ import annotations

import uuid

import pgtrigger
from django.db import models

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from organisations.models.organisation import Organisation
from organisations.models.webhook_endpoint import CURRENT_VERSION
from organisations.scoping import TenantModel


class WebhookMessage(TenantModel):
    """Written in the transaction of what happened. The key counts up: of two messages about one object, which the
    object's own lock keeps apart, the later one has the higher number."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="webhook_messages",
        help_text="Empty: about no customer in particular. Only the seller's own endpoints hear of it.",
    )
    type = models.CharField(max_length=60)
    object_id = models.UUIDField("object")
    dedupe_key = models.CharField(max_length=200, unique=True)
    version = models.CharField(max_length=7, default=CURRENT_VERSION)
    payload = models.JSONField(help_text="The object as it stood when it happened, in the shape of the API.")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = "webhook message"
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_at"], name="webhook_message_by_time")]
        triggers = [
            pgtrigger.Protect(name="what_was_told_never_changes", operation=pgtrigger.Update),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"

    @property
    def message_id(self) -> str:
        """The id that receivers see, and by which they know a message that comes twice."""
        return f"msg_{self.uid.hex}"
