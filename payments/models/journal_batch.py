"""Batches of vouchers that went to an accounting program: each document and each payment is in exactly one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from invoicing.models.columns import MoneyField
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel
from payments.accounts.vouchers import BOOKS


class JournalBatch(BaseModel):
    """The file of one export, stored as it was made. Downloading it again gives the same bytes."""

    currency = BOOKS

    class Program(models.TextChoices):
        TALLY = "tally", "Tally"
        ZOHO = "zoho", "Zoho Books"

    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="journal_batches"
    )
    program = models.CharField(max_length=5, choices=Program)
    first_day = models.DateField()
    last_day = models.DateField(help_text="What no earlier batch had of the days up to this one, itself included.")
    voucher_count = models.PositiveIntegerField("vouchers")
    debit_total = MoneyField("debits", help_text="In rupees; the credits are the same.")
    file = models.FileField(max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64)
    parties = models.JSONField(help_text="The customers' particulars that the books have from now on, by customer.")
    exported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "journal export"
        ordering = ["-created_at"]
        permissions = [("export_journals", "Can export journals to the accounting program")]
        constraints = [
            models.CheckConstraint(condition=Q(voucher_count__gt=0), name="journal_batch_has_vouchers"),
            models.CheckConstraint(condition=Q(first_day__lte=F("last_day")), name="journal_batch_days_in_order"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="journal_batch_is_hashed"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.get_program_display()} up to {self.last_day}"


class JournalItem(BaseModel, TenantModel):
    """One voucher of a batch. `subject_id` is the invoice, credit note, payment or refund that it books."""

    currency = BOOKS

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"
        VOID = "void", "Void invoice"
        RECEIPT = "receipt", "Receipt"
        REVERSAL = "reversal", "Reversed receipt"
        REFUND = "refund", "Refund"
        FAILED_REFUND = "failed_refund", "Refund that failed"

    batch = models.ForeignKey(JournalBatch, on_delete=models.PROTECT, related_name="items")
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="journal_items"
    )
    program = models.CharField(max_length=5, choices=JournalBatch.Program)
    kind = models.CharField(max_length=13, choices=Kind)
    subject_id = models.UUIDField()
    number = models.CharField(max_length=120)
    day = models.DateField()
    amount = MoneyField(help_text="What the customer's ledger is debited with; below zero: credited. In rupees.")

    class Meta:
        ordering = [F("day").asc(), "number"]
        constraints = [
            models.UniqueConstraint(fields=["program", "kind", "subject_id"], name="booked_once_in_a_program"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return self.number
