"""One debit of a mandate for one invoice: announced to the payer, a day later asked for, then its outcome."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.models import Invoice
from invoicing.models.columns import MoneyField
from organisations.models import Notification
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.mandate import Mandate
from payments.models.payment_order import PaymentOrder

NOTICE = timedelta(hours=24)
"""What the database insists on; `law.DEBIT_NOTICE` has the source."""

_WITHIN_THE_MANDATE = """
    SELECT * INTO agreed FROM payments_mandate WHERE id = NEW.mandate_id;
    IF NEW.status = 'refused' THEN
        RETURN NEW;
    END IF;
    IF agreed.status <> 'confirmed' THEN
        RAISE EXCEPTION 'Mandate % is %: nothing can be debited.', NEW.mandate_id, agreed.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.amount > agreed.max_amount THEN
        RAISE EXCEPTION 'Mandate % allows debits of at most %.', NEW.mandate_id, agreed.max_amount
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


def new_debit_token() -> str:
    return secrets.token_urlsafe(24)


class MandateChargeQuerySet(TenantQuerySet):
    def live(self) -> Self:
        return self.filter(status__in=[MandateCharge.Status.ANNOUNCED, MandateCharge.Status.ASKED])

    def asked(self) -> Self:
        """The bank may take the money at any time."""
        return self.filter(status=MandateCharge.Status.ASKED)


class MandateCharge(ClaimedWork, BaseModel, TenantModel):
    """At most one live charge per invoice. Its request at Razorpay is a payment order of its own kind.

    `next_attempt_at` is when the next step is due: the order is made, the bank is asked, or the outcome is looked up.
    """

    class Cause(models.TextChoices):
        ISSUED = "issued", "The invoice was issued"
        RETRY = "retry", "Tried again"
        OPERATOR = "operator", "An operator asked for it"

    class Status(models.TextChoices):
        ANNOUNCED = "announced", "Announced"
        ASKED = "asked", "At the bank"
        CAPTURED = "captured", "Captured"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        REFUSED = "refused", "Not possible"

    claim_lasts = timedelta(minutes=3)
    max_attempts = None

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="mandate_charges")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="charges")
    order = models.OneToOneField(
        PaymentOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="mandate_charge"
    )
    cause = models.CharField(max_length=8, choices=Cause)
    status = models.CharField(max_length=9, choices=Status, default=Status.ANNOUNCED)
    amount = MoneyField()
    notice = models.ForeignKey(Notification, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    notified_at = models.DateTimeField(null=True, blank=True, help_text="When the notice left for the payer.")
    charge_after = models.DateTimeField(
        null=True, blank=True, help_text="The time that the notice names: no debit before."
    )
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When Razorpay was first asked to debit: since then it is looked up first."
    )
    razorpay_payment_id = models.CharField("Razorpay payment", max_length=40, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=255, blank=True, help_text="Why it failed, or was not made.")
    failure_code = models.CharField(max_length=100, blank=True, help_text="The bank's reason, in Razorpay's word.")
    public_token = models.CharField(
        max_length=32, unique=True, editable=False, default=new_debit_token, help_text="Opens the page to opt out."
    )

    objects = MandateChargeQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "debit"
        ordering = ["-created_at"]
        indexes = [due_index("mandate_charge_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(status__in=["announced", "asked"]),
                name="one_live_mandate_charge_per_invoice",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="mandate_charge_asks_something"),
            models.CheckConstraint(
                condition=Q(status="refused", order__isnull=True)
                | ~Q(status="refused") & Q(order__isnull=False, notice__isnull=False, charge_after__isnull=False),
                name="mandate_charge_is_announced",
            ),
            models.CheckConstraint(
                condition=Q(asked_at__isnull=True)
                | Q(notified_at__isnull=False, asked_at__gte=F("notified_at") + NOTICE),
                name="no_debit_within_a_day_of_its_notice",
                violation_error_message="A debit needs a notice at least 24 hours before.",
            ),
            models.CheckConstraint(
                condition=~Q(status="asked") | Q(asked_at__isnull=False), name="asked_mandate_charge_says_when"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_is_announced_never_changes", fields=["invoice", "mandate", "order", "cause", "amount"]
            ),
            pgtrigger.Trigger(
                name="within_the_mandate",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("agreed", "payments_mandate%ROWTYPE")],
                func=_WITHIN_THE_MANDATE,
            ),
            # What failed or was cancelled may still be captured: banks and Razorpay answer late.
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[
                    ("announced", "asked"),
                    ("announced", "cancelled"),
                    ("announced", "failed"),
                    ("announced", "captured"),
                    ("asked", "captured"),
                    ("asked", "failed"),
                    ("asked", "cancelled"),  # our question never arrived, and is not repeated
                    ("failed", "captured"),
                    ("cancelled", "captured"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"Debit for {self.invoice}"

    @property
    def may_opt_out(self) -> bool:
        return self.status == MandateCharge.Status.ANNOUNCED
