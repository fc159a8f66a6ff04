"""A late fee that was charged: which invoice was late, and the line of the next invoice that charges it."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from invoicing.models import Invoice, RecurringFee
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel


class LateFee(BaseModel, TenantModel):
    """Once for each invoice and 30 days, or once if the fee is fixed. Its line is a fee of a single month."""

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="late_fees")
    number = models.PositiveSmallIntegerField(help_text="1 for the first 30 days that began, 2 for the next ones.")
    due_amount = MoneyField(help_text="What was due, and late, when it was charged.")
    amount = MoneyField(help_text="Before tax.")
    charge = models.OneToOneField(
        RecurringFee,
        verbose_name="fee",
        on_delete=models.SET_NULL,
        null=True,
        related_name="late_fee",
        help_text="What charges it on the next invoice. Empty: a person took the fee away before it was invoiced.",
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "number"], name="late_fee_charged_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, number__gte=1), name="late_fee_above_zero"),
        ]
        triggers: list[pgtrigger.Trigger] = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="never_changes", exclude=["charge", "updated_at"]),
        ]

    def __str__(self) -> str:
        return f"Late fee {self.number} of {self.invoice}"
