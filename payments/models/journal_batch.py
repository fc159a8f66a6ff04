"""Batches of vouchers that went to an accounting program: each document and each payment is in exactly one."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import BinaryField, F, Func, Q, Value
from django.db.models.lookups import Exact

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import days_text
from invoicing.models.columns import MoneyField
from invoicing.rates import BOOKS
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel


class JournalBatch(BaseModel):
    """One export: the vouchers of its file, and the customers' ledgers that the books have from then on."""

    currency = BOOKS

    class Program(models.TextChoices):
        TALLY = "tally", "Tally"
        ZOHO = "zoho", "Zoho Books"

    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="journal_batches"
    )
    program = models.CharField(max_length=5, choices=Program)
    first_day = models.DateField()
    last_day = models.DateField()
    voucher_count = models.PositiveIntegerField("vouchers")
    debit_total = MoneyField("debits", help_text="In rupees; the credits are the same.")
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
        ]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="batch_has_its_file",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF NOT EXISTS (SELECT 1 FROM payments_journalfile WHERE batch_id = NEW.id) THEN
                        RAISE EXCEPTION 'Journal export % has no file.', NEW.id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_program_display()}, {days_text(self.first_day, self.last_day)}"


class JournalFile(BaseModel):
    """The ZIP of an export as it was made, for ever, with its SHA-256. Apart from the batch, so that lists leave it."""

    batch = models.OneToOneField(JournalBatch, on_delete=models.PROTECT, related_name="file")
    name = models.CharField(max_length=100, help_text="As it is downloaded.")
    content = models.BinaryField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Exact(
                    F("sha256"),
                    Func(
                        Func(F("content"), function="sha256", output_field=BinaryField()),
                        Value("hex"),
                        function="encode",
                    ),
                ),
                name="journal_file_is_its_fingerprint",
            ),
            models.CheckConstraint(
                condition=Exact(F("size"), Func(F("content"), function="length")), name="journal_file_has_its_size"
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return self.name


class JournalItem(BaseModel, TenantModel):
    """One voucher of a batch. `subject_id` is the row that it books: an invoice, a payment and so on by its kind. A
    payout is of many customers, and of none here: whoever sees only some of them does not see it."""

    currency = BOOKS

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"
        VOID = "void", "Void invoice"
        RECEIPT = "receipt", "Receipt"
        REVERSAL = "reversal", "Reversed receipt"
        REFUND = "refund", "Refund"
        FAILED_REFUND = "failed_refund", "Refund that failed"
        DISPUTE = "dispute", "Dispute that was lost"
        DISPUTE_WON = "dispute_won", "Dispute that was won after all"
        PAYOUT = "payout", "Payout"
        FAILED_PAYOUT = "failed_payout", "Payout that failed"

    batch = models.ForeignKey(JournalBatch, on_delete=models.PROTECT, related_name="items")
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, null=True, related_name="journal_items"
    )
    program = models.CharField(max_length=5, choices=JournalBatch.Program)
    kind = models.CharField(max_length=13, choices=Kind)
    subject_id = models.UUIDField()
    number = models.CharField(max_length=120)
    day = models.DateField()
    amount = MoneyField(help_text="What the customer's ledger is debited with; below zero: credited. In rupees.")

    class Meta:
        verbose_name = "voucher"
        ordering = [F("day").asc(), "number"]
        constraints = [
            models.UniqueConstraint(fields=["program", "kind", "subject_id"], name="booked_once_in_a_program"),
            models.CheckConstraint(
                condition=Q(kind__in=["payout", "failed_payout"], organisation__isnull=True)
                | ~Q(kind__in=["payout", "failed_payout"]) & Q(organisation__isnull=False),
                name="voucher_is_of_a_customer_or_a_payout",
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return self.number
