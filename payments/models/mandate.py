"""Mandates: a payer's agreement that we may debit a card, a UPI address or a bank account without the payer."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.payer_account import PayerAccount


def new_mandate_receipt() -> str:
    """Our name for a registration link at Razorpay, at most 40 characters. We look the link up by it."""
    return f"mandate-{secrets.token_hex(12)}"


class MandateQuerySet(TenantQuerySet):
    def waiting_for_the_payer(self) -> Self:
        return self.filter(status__in=[Mandate.Status.REQUESTED, Mandate.Status.INITIATED])

    def standing(self) -> Self:
        """Not at an end: confirmed, paused, or waiting for the payer."""
        Status = Mandate.Status
        return self.filter(status__in=[Status.REQUESTED, Status.INITIATED, Status.CONFIRMED, Status.PAUSED])

    def ended_without_successor(self) -> Self:
        """What a customer had came to an end, and no other mandate stands: a person should ask for a new one."""
        Status = Mandate.Status
        standing = Mandate.objects.standing().filter(account__organisation=models.OuterRef("account__organisation"))
        newer = Mandate.objects.filter(
            account__organisation=models.OuterRef("account__organisation"), created_at__gt=models.OuterRef("created_at")
        )
        lost = Q(status__in=[Status.REJECTED, Status.EXPIRED, Status.FAILED]) | Q(
            status=Status.CANCELLED, cancel_requested_at__isnull=True
        )
        return self.filter(lost).exclude(models.Exists(standing)).exclude(models.Exists(newer))


class Mandate(ClaimedWork, BaseModel, TenantModel):
    """Registered by the payer through a link; Razorpay calls the mandate a token. What is agreed never changes.

    Several things may wait here (`next_attempt_at`): the link has to be made, the payer's answer is looked up, the
    rupee of the registration is given back, or the mandate is to be cancelled.
    """

    class Method(models.TextChoices):
        UPI = "upi", "UPI Autopay"
        CARD = "card", "Card"
        EMANDATE = "emandate", "Bank account (e-mandate)"

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        INITIATED = "initiated", "Waits for the payer"
        CONFIRMED = "confirmed", "Confirmed"
        REJECTED = "rejected", "Rejected"
        PAUSED = "paused", "Paused"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"
        FAILED = "failed", "Failed"

    claim_lasts = timedelta(minutes=3)
    """Longer than the three or four calls of one step, with their time-outs."""
    max_attempts = 12

    tenant_path = "account__organisation"

    account = models.ForeignKey(PayerAccount, verbose_name="payer", on_delete=models.PROTECT, related_name="mandates")
    method = models.CharField(max_length=8, choices=Method)
    status = models.CharField(max_length=9, choices=Status, default=Status.REQUESTED)
    receipt = models.CharField(max_length=40, unique=True, default=new_mandate_receipt, editable=False)
    max_amount = MoneyField(help_text="The most that one debit may take, in rupees.")
    currency = "INR"
    """Of all mandates: Razorpay debits in rupees only."""

    frequency = models.CharField(max_length=20, default="as_presented")
    expires_at = models.DateTimeField(help_text="No debit afterwards.")
    asked_by = models.CharField(max_length=150, help_text="Who asked for it: a user, or the payer.")
    link_expires_at = models.DateTimeField(null=True, blank=True)
    short_url = models.URLField("registration link", blank=True)
    razorpay_registration_id = models.CharField(
        "Razorpay registration", max_length=40, null=True, blank=True, unique=True
    )
    razorpay_order_id = models.CharField("Razorpay order", max_length=40, null=True, blank=True, unique=True)
    razorpay_token_id = models.CharField("Razorpay token", max_length=40, null=True, blank=True, unique=True)
    razorpay_payment_id = models.CharField("registration payment", max_length=40, blank=True)
    shown_as = models.CharField("account", max_length=100, blank=True, help_text="What people know it by.")
    failure_reason = models.CharField(max_length=255, blank=True, help_text="Why it was rejected or has ended.")
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When Razorpay was first asked for the link: since then it is looked up first."
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(
        null=True, blank=True, help_text="When the rupee of the registration was given back."
    )
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MandateQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["-created_at"]
        permissions = [("manage_mandate", "Can ask for a mandate, and cancel one")]
        indexes = [due_index("mandate_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(status__in=["requested", "initiated"]),
                name="one_mandate_waits_for_a_payer",
            ),
            models.CheckConstraint(condition=Q(max_amount__gt=0), name="mandate_allows_something"),
            models.CheckConstraint(
                condition=~Q(status__in=["confirmed", "paused"]) | Q(razorpay_token_id__isnull=False),
                name="confirmed_mandate_is_known_to_the_gateway",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_is_agreed_never_changes",
                fields=["account", "method", "receipt", "max_amount", "frequency", "expires_at"],
            ),
            # A rejected one may still be confirmed: some banks answer twice. A cancelled one never comes back.
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[
                    ("requested", "initiated"),
                    ("requested", "failed"),
                    ("requested", "confirmed"),
                    ("requested", "rejected"),
                    ("requested", "cancelled"),
                    ("requested", "expired"),
                    ("failed", "requested"),
                    ("initiated", "confirmed"),
                    ("initiated", "rejected"),
                    ("initiated", "cancelled"),
                    ("initiated", "paused"),
                    ("initiated", "expired"),
                    ("rejected", "confirmed"),
                    ("confirmed", "paused"),
                    ("confirmed", "cancelled"),
                    ("confirmed", "expired"),
                    ("paused", "confirmed"),
                    ("paused", "cancelled"),
                    ("paused", "expired"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.shown_as or f"{self.get_method_display()} up to {format_money(self.max_amount, 'INR')}"

    @property
    def is_over(self) -> bool:
        Status = Mandate.Status
        return self.status in (Status.REJECTED, Status.CANCELLED, Status.EXPIRED, Status.FAILED)

    @property
    def may_be_cancelled(self) -> bool:
        return not self.is_over and self.cancel_requested_at is None

    @property
    def owes_the_rupee(self) -> bool:
        """The payment of its registration came in, and was not given back yet. A bank account is registered without."""
        return bool(self.razorpay_payment_id) and self.returned_at is None and self.method != Mandate.Method.EMANDATE
