"""The hot log: one row per accepted request. A 202 means that this row is committed."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import get_current_timezone

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.number_formats import format_events
from billing_platform.lib.work.claims import RetriedWork, State
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class EventBatch(RetriedWork, TenantModel):
    """Validated events, compressed, waiting to be settled; afterwards the proof of what became of them.

    The table is made by migrations/sql/hot_log.up.sql: partitioned by the day of `received_at`, so that retention
    drops a day at once. No foreign keys in the database: each insert would lock the project's row, and projects
    are never deleted.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SETTLED = "settled", "Settled"
        QUARANTINED = "quarantined", "Quarantined"

    max_attempts = 5
    own_status = {State.WAITING: Status.PENDING, State.GIVEN_UP: Status.QUARANTINED, State.DONE: Status.SETTLED}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    received_at = models.DateTimeField(default=clock.now)
    event_count = models.PositiveIntegerField()
    packed_events = models.BinaryField()
    status = models.CharField(max_length=11, choices=Status, default=Status.PENDING)
    counted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    dead_lettered = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0, help_text="Duplicates whose body differs from what was counted.")
    conflict_ids = models.JSONField(default=list, help_text="The first of them.")
    settled_at = models.DateTimeField(null=True, blank=True)
    is_replay = models.BooleanField(
        "replay",
        default=False,
        db_default=False,
        help_text="Not a request but dead letters on their way back; received when they were first.",
    )

    class Meta:
        verbose_name = "accepted batch"
        verbose_name_plural = "accepted batches"
        ordering = ["-received_at"]
        permissions = [("retry_eventbatch", "Can retry or discard a quarantined batch")]
        indexes = [
            models.Index(fields=["received_at", "id"], condition=Q(status="pending"), name="event_batch_pending"),
            models.Index(
                fields=["organisation", "received_at"], condition=~Q(status="settled"), name="event_batch_unsettled"
            ),
            models.Index(fields=["received_at"], condition=Q(conflicts__gt=0), name="event_batch_conflicts"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="settled")
                | Q(event_count=F("counted") + F("duplicates") + F("dead_lettered"), settled_at__isnull=False),
                name="event_batch_conserves_events",
            ),
        ]

    def __str__(self) -> str:
        return f"{format_events(self.event_count)} of {time_text(self.received_at, get_current_timezone())}"
