"""The plan to collect a payment that failed, and its attempts: when, how, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from invoicing.models import Invoice
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.dunning_rules import RETRIES_WITHIN_BOUNDS, RetryColumns
from payments.models.payment import Payment
from payments.models.payment_order import PaymentOrder

LIVE = ("scheduled", "attempting")


class PaymentRetryQuerySet(TenantQuerySet):
    def live(self) -> Self:
        return self.filter(status__in=LIVE)

    def open(self) -> Self:
        """Those that may still succeed: also an exhausted one, whose last link may be paid late."""
        return self.filter(status__in=[*LIVE, "exhausted"])

    def exhausted_and_due(self) -> Self:
        """All attempts are over, and the invoice is still due: a person has to talk to the customer."""
        rows = self.filter(status="exhausted", invoice__in=Invoice.objects.collectable())
        return rows.annotate(currency=F("invoice__currency"))


class PaymentRetry(ClaimedWork, RetryColumns, BaseModel, TenantModel):
    """One live plan for each invoice, however many of its payments failed. `attempts` counts failures of the machinery
    between two attempts of the plan; those of the plan are its `tries`."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        ATTEMPTING = "attempting", "Attempting"
        SUCCEEDED = "succeeded", "Succeeded"
        EXHAUSTED = "exhausted", "Exhausted"
        CANCELLED = "cancelled", "Cancelled"

    claim_lasts = timedelta(minutes=5)
    max_attempts = None
    own_status = {State.WAITING: Status.SCHEDULED, State.AT_WORK: Status.ATTEMPTING}

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="payment_retries"
    )
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payment_retries")
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="retries", help_text="The payment that failed first."
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.SCHEDULED)
    failed_at = models.DateTimeField(help_text="When the payment failed: the pauses are counted from it.")
    made = models.PositiveSmallIntegerField("made", default=0, help_text="How many attempts were made.")
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True, help_text="Why it ended so.")

    objects = PaymentRetryQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "retry"
        verbose_name_plural = "retries"
        ordering = ["-created_at"]
        indexes = [due_index("payment_retry_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(status__in=LIVE), name="one_live_retry_plan_per_invoice"
            ),
            models.UniqueConstraint(fields=["payment"], name="one_retry_plan_per_payment"),
            models.CheckConstraint(condition=RETRIES_WITHIN_BOUNDS, name="retry_plan_within_bounds"),
            models.CheckConstraint(condition=Q(made__lte=F("max_retries")), name="retries_made_within_the_plan"),
            models.CheckConstraint(
                condition=Q(status__in=LIVE, ended_at__isnull=True, next_attempt_at__isnull=False)
                | (~Q(status__in=LIVE) & Q(ended_at__isnull=False, next_attempt_at__isnull=True)),
                name="retry_plan_waits_or_has_ended",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_failed_never_changes", fields=["organisation", "invoice", "payment", "failed_at"]
            ),
            pgtrigger.FSM(
                name="status_ends_once",
                field="status",
                transitions=[
                    ("scheduled", "attempting"),
                    ("attempting", "scheduled"),
                    *((live, end) for live in LIVE for end in ("succeeded", "exhausted", "cancelled")),
                    ("exhausted", "scheduled"),  # a person asks for one more attempt
                    ("cancelled", "scheduled"),
                    ("exhausted", "succeeded"),  # the customer paid late, by the last attempt's link
                ],
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"Retry of {self.invoice}"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


class RetryTry(BaseModel, TenantModel):
    """One attempt to collect. It is made once: its row stands before anything is sent, with the number that is next."""

    class Way(models.TextChoices):
        MANDATE = "mandate", "Mandate"
        LINK = "link", "Payment link"

    class Outcome(models.TextChoices):
        MAKING = "making", "Being made"
        ASKED = "asked", "Asked, no answer yet"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"

    tenant_path = "plan__organisation"

    plan = models.ForeignKey(PaymentRetry, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveSmallIntegerField()
    way = models.CharField(max_length=7, choices=Way, blank=True)
    outcome = models.CharField(max_length=6, choices=Outcome, default=Outcome.MAKING)
    asked_at = models.DateTimeField(null=True, blank=True)
    order = models.ForeignKey(
        PaymentOrder, verbose_name="payment request", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    error = models.TextField(blank=True, help_text="Why it failed, or why there was no charge but a link.")
    asked_by = models.CharField(max_length=200, blank=True, help_text="Empty: the schedule.")

    class Meta:
        verbose_name = "attempt"
        ordering = ["plan", "number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="retry_attempt_made_once"),
            models.CheckConstraint(
                condition=Q(outcome="making") | (Q(asked_at__isnull=False) & ~Q(way="")),
                name="made_attempt_says_when_and_how",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="number_never_changes", fields=["plan", "number"]),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number}"
