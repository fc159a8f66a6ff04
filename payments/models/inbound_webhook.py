"""The inbox: every signed message of Razorpay, word for word, stored before anything is done about it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet
from payments.gateways.entities import parse_downtime
from payments.gateways.values import GatewayDowntime
from payments.models.gateway_account import GatewayAccount

DOWNTIME = "payment.downtime."
"""Begins the types of messages about ways to pay that are down."""
FORGOTTEN_AFTER = timedelta(days=1)
"""A downtime of which nothing was heard for so long: the message that it is over was lost."""


class InboundWebhookQuerySet(TenantQuerySet):
    def given_up(self) -> Self:
        """They need a person."""
        return self.filter(status=InboundWebhook.Status.FAILED)

    def lasting_downtimes(self) -> Self:
        """The newest message about each way to pay that is down now."""
        return self.filter(pk__in=[row.pk for row, _downtime in self.downtimes(clock.now())])

    def downtimes(self, at: datetime) -> list[tuple[InboundWebhook, GatewayDowntime]]:
        """The same with what each says, the oldest first. Messages come in any order: the one updated last counts."""
        rows = self.filter(event_type__startswith=DOWNTIME, received_at__gt=at - FORGOTTEN_AFTER)
        newest: dict[str, tuple[InboundWebhook, GatewayDowntime]] = {}
        for row in rows.filter(status=InboundWebhook.Status.PROCESSED).order_by("received_at"):
            downtime = parse_downtime(json.loads(row.body)["payload"]["payment.downtime"]["entity"])
            known = newest.get(downtime.id)
            if known is None or (downtime.updated_at, downtime.is_over) >= (known[1].updated_at, known[1].is_over):
                newest[downtime.id] = row, downtime
        lasting = [each for each in newest.values() if each[1].lasts(at)]
        return sorted(lasting, key=lambda each: (each[1].begins_at, each[1].way))


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

    objects = InboundWebhookQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "webhook"
        ordering = ["-received_at"]
        permissions = [("process_inboundwebhook", "Can process a stored webhook again")]
        indexes = [
            models.Index(fields=["-received_at"], name="webhook_by_time"),
            due_index("webhook_due"),
            models.Index(fields=["status"], condition=~Q(status__in=["processed", "ignored"]), name="webhook_open"),
            models.Index(
                fields=["received_at"], condition=Q(event_type__startswith=DOWNTIME), name="webhook_about_downtime"
            ),
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
