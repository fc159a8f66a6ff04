"""The monthly run: one row for the month, one for each organisation in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from invoicing.models.invoice import Invoice
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet


class BillingRun(BaseModel):
    """One per month: starting it again continues it. Shows no tenant's data: that is on its items."""

    period_start = models.DateField(unique=True, help_text="First day of the month.")
    requested_by = models.CharField(max_length=200, help_text="Who or what last gave it something to do.")

    class Meta:
        ordering = ["-period_start"]
        permissions = [("start_billingrun", "Can start a billing run")]
        constraints = [
            models.CheckConstraint(condition=Q(period_start__day=1), name="billing_run_is_of_a_whole_month"),
        ]

    def __str__(self) -> str:
        return f"Billing run {month_text(self.period)}"

    @property
    def period(self) -> BillingPeriod:
        return BillingPeriod.of(self.period_start)


class BillingRunItemQuerySet(TenantQuerySet):
    def open(self) -> Self:
        """Not ended yet: waiting, or at work."""
        return self.filter(status__in=[BillingRunItem.Status.PENDING, BillingRunItem.Status.CLAIMED])

    def unbilled(self) -> Self:
        """Months whose invoice was voided, that have no invoice or draft again, and that nobody chose to leave so."""
        live = Invoice.objects.billing().filter(
            organisation=OuterRef("organisation"), period_start=OuterRef("run__period_start")
        )
        return self.filter(~Exists(live), status=BillingRunItem.Status.VOIDED)


class BillingRunItem(ClaimedWork, BaseModel, TenantModel):
    """One organisation's month. A worker claims it, and holds the row's lock while it works. The lock keeps two workers
    apart, so the claim may be short: a claim that has ended, without a lock, is that of a worker that died."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        CLAIMED = "claimed", "At work"
        DRAFTED = "drafted", "Drafted, not issued yet"
        APPROVAL = "approval", "Needs approval"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Nothing to bill"
        FAILED = "failed", "Failed"
        PARKED = "parked", "Parked for review"
        VOIDED = "voided", "To be billed anew"
        LEFT_UNBILLED = "left_unbilled", "Left unbilled"

    claim_lasts = timedelta(seconds=50)
    max_attempts = None  # what fails waits for a person at once, and what is interrupted is tried until it ends
    own_status = {State.WAITING: Status.PENDING, State.AT_WORK: Status.CLAIMED, State.GIVEN_UP: Status.FAILED}

    run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, related_name="items")
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="billing_run_items"
    )
    status = models.CharField(max_length=13, choices=Status, default=Status.PENDING)
    invoice = models.ForeignKey(
        Invoice, on_delete=models.SET_NULL, null=True, blank=True, related_name="billing_run_items"
    )
    reason = models.TextField(blank=True, help_text="Why it is not done.")
    reasons = models.JSONField(
        default=list,
        blank=True,
        help_text="The same in parts, each a code and a sentence, while it waits for a person.",
    )
    drafted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the run first drafted it: the days of grace count from then."
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BillingRunItemQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "billing item"
        ordering = ["run", "organisation__name"]
        permissions = [
            ("retry_billingrunitem", "Can retry an organisation of a billing run"),
            ("leave_unbilled_billingrunitem", "Can leave an organisation's month unbilled"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "organisation"], name="one_item_per_run_and_organisation"),
        ]
        indexes = [
            models.Index(fields=["run"], condition=Q(status__in=["pending", "claimed"]), name="billing_run_item_open"),
            due_index("billing_run_item_due"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.get_status_display()}"
