"""Approvals of drafts: who approved what, and why that was needed. They stay, also if the draft is discarded."""

from __future__ import annotations

from django.db import models

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from invoicing.computing.approval import Approval
from invoicing.models.columns import MoneyField
from invoicing.models.invoice import Invoice
from organisations.models import Organisation
from organisations.scoping import TenantModel


class InvoiceApproval(BaseModel, TenantModel):
    """One person's yes to a draft as it was then. It holds for that draft only: `fingerprint` says which."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="invoice_approvals"
    )
    # without a constraint: a draft that was approved may still be discarded, and the record stays
    invoice = models.ForeignKey(
        Invoice, on_delete=models.DO_NOTHING, db_constraint=False, related_name="approvals", db_index=True
    )
    period_start = models.DateField(null=True, blank=True, help_text="Empty: a one-off invoice.")
    currency = models.CharField(max_length=3)
    total = MoneyField(help_text="Of the draft when it was approved, tax included.")
    fingerprint = models.CharField(max_length=64, help_text="Of the lines, taxes and total that were approved.")
    reasons = models.JSONField(default=list, help_text="Why approval was needed: [{code, message}].")
    approved_by = models.CharField(max_length=200)

    class Meta:
        verbose_name = "approval"
        ordering = ["-created_at"]
        triggers = append_only()

    def __str__(self) -> str:
        return f"Approval by {self.approved_by}"

    def as_approval(self) -> Approval:
        """The plain value that the decision is made from."""
        return Approval(self.fingerprint, self.total, self.approved_by, self.created_at)
