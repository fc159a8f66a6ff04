"""A correction of a counted event: what it counts instead, why, and who decided it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from events.models.metric import Metric
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class UsageCorrection(BaseModel, TenantModel):
    """Cancels one entry of the ledger by a reversal and may put a replacement in its place. Never changed itself.

    An event may be corrected again: then the entry cancelled is the replacement before.
    """

    class Action(models.TextChoices):
        VOID = "void", "Void"
        CORRECT = "correct", "Correct"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="usage_corrections"
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="usage_corrections")
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+")
    event_id = models.CharField(max_length=255, db_collation="C", help_text="As the sender called it.")
    received_month = models.DateField(help_text="UTC month of the event's receipt.")
    action = models.CharField(max_length=7, choices=Action)
    quantity_before = models.DecimalField(max_digits=28, decimal_places=8)
    quantity_after = models.DecimalField(max_digits=28, decimal_places=8, null=True, blank=True)
    hour = models.DateTimeField(help_text="The hour in which the event happened.")
    counted_in = models.DateField(help_text="Billing period that the reversal is counted in.")
    is_late = models.BooleanField("late", default=False, help_text="The event's own period was closed already.")
    cancelled_event_id = models.CharField(max_length=255, db_collation="C", help_text="The ledger entry cancelled.")
    cancelled_received_month = models.DateField()
    reason = models.TextField()
    created_by = models.CharField(max_length=200)

    class Meta:
        verbose_name = "correction"
        ordering = ["-created_at"]
        triggers = append_only()
        indexes = [
            models.Index(fields=["organisation", "event_id"], name="usage_correction_event"),
            models.Index(fields=["organisation", "counted_in", "metric"], name="usage_correction_month"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "project", "cancelled_event_id", "cancelled_received_month"],
                name="ledger_entry_cancelled_once",
            ),
            models.CheckConstraint(
                condition=Q(action="void", quantity_after__isnull=True)
                | Q(action="correct", quantity_after__isnull=False),
                name="usage_correction_says_the_new_quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.event_id}"
