"""Accepted events that could not be counted, with the reason, until an operator decides."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class DeadLetter(BaseModel, TenantModel):
    class Reason(models.TextChoices):
        METRIC_UNKNOWN = "METRIC_UNKNOWN", "Unknown metric"
        VALUE_MISSING = "VALUE_MISSING", "Nothing to tell apart"
        OPERATION_UNKNOWN = "OPERATION_UNKNOWN", "Neither added nor removed"
        METRIC_LIMIT = "METRIC_LIMIT", "Too many metrics"
        EVENT_UNSTORABLE = "EVENT_UNSTORABLE", "Can't be stored"
        BATCH_DISCARDED = "BATCH_DISCARDED", "Batch discarded"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        REPLAYED = "replayed", "Replayed"
        DISCARDED = "discarded", "Discarded"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="dead_letters"
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="dead_letters")
    event_id = models.CharField(max_length=255)
    reason = models.CharField(max_length=20, choices=Reason)
    message = models.TextField()
    accepted_event = models.JSONField(help_text="As its sender wrote it, its numbers exact.")
    batch_id = models.UUIDField(help_text="The batch that brought it first.")
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    times_sent = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=200, blank=True)
    resolution = models.TextField(blank=True)
    replay_batch_id = models.UUIDField(null=True, blank=True, help_text="The batch that took it back for counting.")

    class Meta:
        ordering = ["-last_seen_at"]
        permissions = [
            ("replay_deadletter", "Can replay a dead letter"),
            ("discard_deadletter", "Can discard a dead letter"),
        ]
        indexes = [
            models.Index(fields=["organisation", "event_id"], name="dead_letter_event"),
            models.Index(fields=["first_seen_at"], name="dead_letter_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "project", "event_id"], condition=Q(status="open"), name="one_open_dead_letter"
            ),
            models.CheckConstraint(
                condition=Q(status="open", resolved_at__isnull=True)
                | (~Q(status="open") & Q(resolved_at__isnull=False)),
                name="dead_letter_resolution_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.get_reason_display()}"
