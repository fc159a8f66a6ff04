"""What Razorpay holds for the merchant: balance, settlements, and disputes that cost some of it."""

from __future__ import annotations

from typing import Any

from django.db import models

from billing_platform.local.razorpay import identifiers
from billing_platform.local.razorpay.models.payments import Payment, Refund


class Dispute(models.Model):
    class Status(models.TextChoices):
        OPEN = "open"
        UNDER_REVIEW = "under_review"
        WON = "won"
        LOST = "lost"
        CLOSED = "closed"

    class Phase(models.TextChoices):
        FRAUD = "fraud"
        RETRIEVAL = "retrieval"
        CHARGEBACK = "chargeback"
        PRE_ARBITRATION = "pre_arbitration"
        ARBITRATION = "arbitration"

    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_dispute_id)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    amount = models.BigIntegerField()
    amount_deducted = models.BigIntegerField(default=0)
    reason_code = models.CharField(max_length=100)
    reason_description = models.CharField(max_length=300)
    respond_by = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    phase = models.CharField(max_length=20, choices=Phase, default=Phase.CHARGEBACK)
    evidence: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.public_id


class Settlement(models.Model):
    class Status(models.TextChoices):
        CREATED = "created"
        PROCESSED = "processed"
        FAILED = "failed"

    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_settlement_id)
    amount = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    utr = models.CharField(max_length=40, null=True)  # noqa: DJ001
    created_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.public_id


class BalanceEntry(models.Model):
    """One line of the balance, in paise; a row of the recon report once it is settled."""

    class Kind(models.TextChoices):
        PAYMENT = "payment"
        REFUND = "refund"
        ADJUSTMENT = "adjustment"

    kind = models.CharField(max_length=10, choices=Kind)
    public_id = models.CharField(max_length=40)  # of the payment, the refund or the adjustment
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="entries")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, related_name="entries")
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, null=True, related_name="entries")
    amount = models.BigIntegerField()
    credit = models.BigIntegerField(default=0)
    debit = models.BigIntegerField(default=0)
    fee = models.BigIntegerField(default=0)
    tax = models.BigIntegerField(default=0)
    description = models.CharField(max_length=300, null=True)  # noqa: DJ001
    due_at = models.BigIntegerField(db_index=True)  # when it may be settled
    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, null=True, related_name="entries")
    created_at = models.BigIntegerField()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"
