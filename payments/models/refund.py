"""Money that went back to a payer: as Razorpay reports it, or as an operator records a bank transfer."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel
from payments.models.payment import Payment


class Refund(BaseModel, TenantModel):
    """One row per refund at Razorpay, however often and in whatever order Razorpay reports it; or one per transfer."""

    class Kind(models.TextChoices):
        GATEWAY = "gateway", "Razorpay"
        BANK = "bank", "Bank transfer"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSED = "processed", "Processed"
        FAILED = "failed", "Failed"

    tenant_path = "payment__organisation"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    kind = models.CharField(max_length=7, choices=Kind)
    status = models.CharField(max_length=9, choices=Status)
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    razorpay_refund_id = models.CharField("Razorpay refund", max_length=40, null=True, blank=True, unique=True)
    reference = models.CharField(max_length=100, blank=True, help_text="UTR of the transfer back.")
    refunded_on = models.DateField(help_text="The day of the transfer, or of Razorpay's refund.")

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_positive"),
            models.CheckConstraint(
                condition=Q(kind="gateway", razorpay_refund_id__isnull=False, reference="")
                | Q(kind="bank", razorpay_refund_id__isnull=True, status="processed") & ~Q(reference=""),
                name="refund_comes_from_gateway_or_operator",
            ),
            models.UniqueConstraint(
                fields=["payment", "reference"],
                condition=Q(kind="bank"),
                name="bank_refund_once_per_payment_and_reference",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="only_the_status_changes",
                fields=["payment", "kind", "amount", "currency", "razorpay_refund_id", "reference", "refunded_on"],
            ),
            # Failed is final: Razorpay calls a refund processed before the bank has accepted it.
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[("pending", "processed"), ("pending", "failed"), ("processed", "failed")],
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.razorpay_refund_id or self.reference
