"""The ledger: every event that counts, once, for ever."""

from __future__ import annotations

from django.db import models

from events.models.metric import Metric
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class UsageEvent(TenantModel):
    """One counted event. Append-only: triggers refuse update, delete and truncate.

    The table is made by migrations/sql/ledger.up.sql, partitioned by `received_month`. Its one B-tree is the unique
    key (organisation, project, event_id, received_month), because every further one costs each insert; `id`, `hour`
    and `counted_on` grow with the table and are found through BRIN indexes. `hour` and `counted_in` are stored
    rather than derived, so that a later change of the organisation's time zone can't change what was counted.

    `counted_on` is the day of the clock while the DEDUP lock is held: who takes that lock exclusively on a later day
    knows that the rows of the day are complete. What is settled late has an earlier month of receipt, never an earlier
    `counted_on`.

    A correction adds rows of its own: a reversal of the entry it cancels, with the quantity negated, and perhaps a
    replacement. They have the entry's times and place; their event ids begin with `correction:`, and `batch_id` is the
    id of the UsageCorrection.
    """

    class Kind(models.TextChoices):
        USAGE = "usage", "Usage"
        REVERSAL = "reversal", "Reversal"
        REPLACEMENT = "replacement", "Replacement"

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    event_id = models.CharField(max_length=255, db_collation="C")
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.USAGE)
    quantity = models.DecimalField(max_digits=28, decimal_places=8)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    received_month = models.DateField(help_text="UTC month of receipt: the partition.")
    hour = models.DateTimeField(help_text="Start of the hour it happened in, in the customer's time zone.")
    counted_in = models.DateField(help_text="Billing period it was counted in.")
    counted_on = models.DateField(help_text="UTC day on which it was written here.")
    is_late = models.BooleanField("late", default=False, help_text="Its own month was closed already.")
    dimensions = models.JSONField(default=dict)
    metadata = models.JSONField(null=True)
    batch_id = models.UUIDField()
    position = models.PositiveIntegerField(help_text="Place in its batch, from 0.")

    class Meta:
        verbose_name = "event"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.event_id
