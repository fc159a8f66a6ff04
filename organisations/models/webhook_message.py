"""What happened, as it is told to endpoints: one row an event, with its payload as it was then."""

from __future__ import annotations

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

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
        help_text="Empty: about no customer in particular. The seller's own endpoints hear of it, and the audience's.",
    )
    audience = ArrayField(
        models.UUIDField(),
        default=list,
        help_text="Other customers whose endpoints hear of it: those for whom a price for all may hold.",
    )
    type = models.CharField(max_length=60)
    object_id = models.UUIDField("object")
    dedupe_key = models.CharField(max_length=200, unique=True)
    version = models.CharField(max_length=7, default=CURRENT_VERSION)
    payload = models.JSONField(
        null=True,
        help_text="The object as it stood when it happened, in the shape of the API. Empty: it could not be made yet.",
    )
    facts = models.JSONField(null=True, help_text="The rows as they stood, from which a missing payload is made.")
    failure = models.TextField(blank=True, help_text="Why the payload could not be made.")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = "webhook message"
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_at"], name="webhook_message_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(payload__isnull=False, facts__isnull=True, failure="")
                | (Q(payload__isnull=True) & ~Q(failure="")),
                name="webhook_message_has_payload_or_says_why_not",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="what_was_told_never_changes",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF OLD.payload IS NOT NULL
                       OR (NEW.uid, NEW.organisation_id, NEW.audience, NEW.type, NEW.object_id, NEW.dedupe_key,
                           NEW.version, NEW.created_at)
                       IS DISTINCT FROM
                       (OLD.uid, OLD.organisation_id, OLD.audience, OLD.type, OLD.object_id, OLD.dedupe_key,
                        OLD.version, OLD.created_at) THEN
                        RAISE EXCEPTION 'What was told never changes.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"

    @property
    def message_id(self) -> str:
        """The id that receivers see, and by which they know a message that comes twice."""
        return f"msg_{self.uid.hex}"
