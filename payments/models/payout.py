"""Payouts: what Razorpay transferred to the seller's bank, and of which movements each consists."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.money import ZERO
from invoicing.models.columns import MoneyField
from invoicing.rates import BOOKS
from payments.models.dispute import Dispute
from payments.models.gateway_account import GatewayAccount
from payments.models.payment import Payment
from payments.models.refund import Refund


class Payout(BaseModel):
    """One transfer, in rupees. Its lines add up to `amount` once all are fetched."""

    currency = BOOKS

    class Status(models.TextChoices):
        CREATED = "created", "On its way"
        PROCESSED = "processed", "Transferred"
        FAILED = "failed", "Failed"

    gateway_account = models.ForeignKey(
        GatewayAccount,
        verbose_name="Razorpay account",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payouts",
        help_text="Empty: the environment's.",
    )
    razorpay_payout_id = models.CharField("Razorpay payout", max_length=40, unique=True)
    status = models.CharField(max_length=9, choices=Status)
    amount = MoneyField(help_text="What arrives at the bank.")
    fees = MoneyField(default=ZERO, help_text="Of the transfer itself; those of payments stand on its lines.")
    tax = MoneyField(default=ZERO, help_text="The GST within these fees.")
    utr = models.CharField("UTR", max_length=60, blank=True, help_text="With it the bank finds the transfer.")
    begun_at = models.DateTimeField(help_text="When Razorpay began it.")

    class Meta:
        ordering = ["-begun_at"]
        permissions = [("fetch_payouts", "Can fetch payouts from Razorpay")]
        indexes = [models.Index(fields=["-begun_at"], name="payout_by_time")]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_paid_out_never_changes",
                fields=["gateway_account", "razorpay_payout_id", "amount", "begun_at"],
            ),
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[
                    ("created", "processed"),
                    ("created", "failed"),
                    ("failed", "processed"),
                    ("processed", "failed"),  # the bank sent it back
                ],
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.razorpay_payout_id


class PayoutLine(BaseModel):
    """One movement of the account at Razorpay, in rupees: once for each payout, however often it is fetched."""

    currency = BOOKS

    class Kind(models.TextChoices):
        PAYMENT = "payment", "Payment"
        REFUND = "refund", "Refund"
        TRANSFER = "transfer", "Transfer"
        ADJUSTMENT = "adjustment", "Adjustment"

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=10, choices=Kind)
    entity_id = models.CharField("id at Razorpay", max_length=40)
    payment = models.ForeignKey(
        Payment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payout_lines",
        help_text="If ours.",
    )
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="payout_lines")
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, null=True, blank=True, related_name="payout_lines")
    amount = MoneyField(help_text="Of the payment or refund itself.")
    credit = MoneyField(default=ZERO)
    debit = MoneyField(default=ZERO)
    fee = MoneyField(default=ZERO, help_text="Razorpay's fee, GST on it included.")
    tax = MoneyField(default=ZERO, help_text="The GST within the fee.")
    description = models.CharField(max_length=255, blank=True)
    happened_at = models.DateTimeField()

    class Meta:
        verbose_name = "payout line"
        ordering = ["happened_at", "entity_id"]
        constraints = [
            models.UniqueConstraint(fields=["payout", "kind", "entity_id"], name="payout_line_once_per_payout"),
            models.CheckConstraint(
                condition=Q(credit__gte=0, debit__gte=0, fee__gte=0, tax__gte=0, tax__lte=F("fee")),
                name="payout_line_has_no_amount_below_zero",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_moved_never_changes",
                fields=["payout", "kind", "entity_id", "amount", "credit", "debit", "fee", "tax", "happened_at"],
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.entity_id
