"""One verb done to many rows of a list: what was asked for, and what became of each row."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, due_index
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel

NAME_LENGTH, REASON_LENGTH = 200, 500


class BulkJob(ClaimedWork, BaseModel):
    """It belongs to its maker, with whose rights each row is done. The rows are fixed when it is confirmed."""

    claim_lasts = timedelta(minutes=5)
    max_attempts = 8

    verb = models.CharField(max_length=60, help_text="As its app registered it, such as invoices.issue.")
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="confirmed by", on_delete=models.PROTECT, related_name="+"
    )
    token = models.UUIDField(unique=True, editable=False, help_text="Of the page that was confirmed: one job of each.")
    options = models.JSONField(default=dict, help_text="What the form asked for, such as a reason.")
    query = models.TextField(blank=True, help_text="The list's filters, as in its address.")
    stopped_by = models.CharField(max_length=200, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True, help_text="When no row waited any more.")

    class Meta:
        verbose_name = "bulk job"
        ordering = ["-created_at"]
        permissions = [("steer_bulkjob", "Can stop a bulk job of another, and try again what failed in it")]
        indexes = [due_index("bulk_job_due"), models.Index(fields=["-created_at", "-id"], name="bulk_job_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(next_attempt_at__isnull=True, claimed_until__isnull=True),
                name="finished_bulk_job_waits_for_nothing",
            )
        ]

    def __str__(self) -> str:
        return self.verb


class BulkItem(BaseModel, TenantModel):
    """One row of a job, with its amount as the operator saw it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"
        FAILED = "failed", "Failed"

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(help_text="In this order they are done.")
    object_id = models.UUIDField("object")
    name = models.CharField(max_length=NAME_LENGTH, help_text="What the row was called when the job was confirmed.")
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    amount = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    seen = models.CharField(
        max_length=64, blank=True, editable=False, help_text="What it was then, for verbs that do only what was seen."
    )
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    reason = models.TextField(blank=True, help_text="Why it was skipped, or failed.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "row of a bulk job"
        verbose_name_plural = "rows of bulk jobs"
        ordering = ["position"]
        indexes = [
            models.Index(fields=["job", "state", "position"], name="bulk_item_by_state"),
            models.Index(fields=["job", "position"], name="bulk_item_in_order"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["job", "object_id"], name="row_once_per_bulk_job"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "done"], reason="")
                | (Q(state__in=["skipped", "failed"]) & ~Q(reason="")),
                name="left_bulk_item_says_why",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", finished_at__isnull=True)
                | (~Q(state="waiting") & Q(finished_at__isnull=False)),
                name="bulk_item_waits_or_has_ended",
            ),
        ]

    def __str__(self) -> str:
        return self.name
