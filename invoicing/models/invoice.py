"""The invoice: a draft that may change at will, then a document that never does."""

from __future__ import annotations

import secrets
from datetime import date
from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.functional import cached_property

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.document_numbers import SERIES_LENGTH
from billing_platform.lib.limits import NOTES_LENGTH, PURCHASE_ORDER_LENGTH
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.validators import validate_printed_line, validate_printed_paragraphs
from invoicing.models.columns import MoneyField, Sha256Field, stored_pdf_has_its_hash
from invoicing.models.invoice_triggers import COLLECTABLE, TRIGGERS
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel, TenantQuerySet

# GST: at most 16 characters, and the e-invoice portal takes no leading 0, / or -.
NUMBER_PATTERN = r"^[A-Z1-9][A-Z0-9/-]{0,15}$"

# The GSTIN under which a document is numbered, as frozen on the document; the seller's id where the seller has no GSTIN
# (CGST Rule 46 (b)).
REGISTRATION = Coalesce(
    NullIf(F("seller_gstin"), Value("")),
    Cast("billing_entity_id", models.TextField()),
    output_field=models.TextField(),
)


def amount_due(path: str = "") -> CombinedExpression:
    """`Invoice.amount_due` for the database, of rows that are not void. `path` leads to the invoice: "invoice__"."""
    settled = F(f"{path}amount_credited") + F(f"{path}amount_paid") + F(f"{path}amount_returned")
    return F(f"{path}total") - settled


_OWED = F("total") - F("amount_credited")


def new_public_token() -> str:
    return secrets.token_urlsafe(24)


class InvoiceQuerySet(TenantQuerySet):
    def live(self) -> Self:
        """Drafts and issued invoices, without the void ones."""
        return self.exclude(status=Invoice.Status.VOID)

    def issued(self) -> Self:
        """Documents with a number that are not void."""
        return self.live().exclude(status=Invoice.Status.DRAFT)

    def issued_in(self, month: BillingPeriod) -> Self:
        """Issued, and not void, with a date within the month."""
        return self.issued().filter(issue_date__gte=month.start, issue_date__lt=month.end)

    def billing(self) -> Self:
        """Those that bill their month: live, and not released by a credit note for their month to be billed anew."""
        return self.live().filter(is_released=False)

    def collectable(self) -> Self:
        """Money may be asked for: something is due. What was given back counts only once it is asked for again."""
        settled = F("amount_credited") + F("amount_paid") + F("amount_returned")
        return self.filter(status__in=COLLECTABLE, total__gt=settled)

    def with_exchange(self) -> Self:
        """Read `Invoice.exchange` with each row: a list of invoices needs no second query."""
        return self.annotate(exchange=KeyTransform("exchange", "document__content"))

    def overdue(self, on: date) -> Self:
        """Collectable, with the due date passed: the due date itself is in time."""
        return self.collectable().filter(due_date__lt=on)

    def not_delivered(self) -> Self:
        """The PDF could not be made, or delivering was given up: two small sets, each found by an index of its own."""
        every = Invoice.objects.order_by()
        failed = every.filter(pdf_state=Invoice.PdfState.FAILED)
        given_up = every.filter(delivery__next_attempt_at__isnull=True, delivery__isnull=False)
        given_up = given_up.exclude(delivery__last_failure="")
        return self.filter(pk__in=failed.values("pk").union(given_up.values("pk")))

    def drafts_of_past_months(self, on: date) -> Self:
        """Months that are over and still wait for somebody to finalize them: not for a review or an approval, nor for a
        time."""
        drafts = self.filter(status=Invoice.Status.DRAFT, period_end__lte=on, approval_needed=[])
        return drafts.exclude(billing_run_items__status__in=["drafted", "parked"])

    def to_approve(self) -> Self:
        """Drafts that a person has to approve before they are issued."""
        return self.filter(status=Invoice.Status.DRAFT).exclude(approval_needed=[])

    def with_warnings(self, on: date) -> Self:
        """Something was not billed, such as usage without a price: drafts, and what was issued for last month."""
        last_month = BillingPeriod.of(on).previous().start
        recent = Q(status=Invoice.Status.DRAFT) | Q(period_start__gte=last_month)
        return self.live().filter(recent).exclude(warnings=[])


class Invoice(BaseModel, TenantModel):
    """What an issued invoice says is in its `DocumentSnapshot`. The columns here are what is asked for across invoices:
    sums, dates, and what tax returns are made of. Triggers keep both as they were issued."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        FINALIZED = "finalized", "Finalized"
        PARTIALLY_PAID = "partially_paid", "Partially paid"
        PAID = "paid", "Paid"
        VOID = "void", "Void"
        PARTIALLY_REFUNDED = "partially_refunded", "Partially refunded"
        REFUNDED = "refunded", "Refunded"
        CREDITED = "credited", "Credited"

    class PdfState(models.TextChoices):
        NONE = "none", "None yet"
        PENDING = "pending", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="invoices"
    )
    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="invoices"
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    number = models.CharField(max_length=16, blank=True, help_text="Given when it is finalized.")
    series = models.CharField(
        max_length=SERIES_LENGTH, blank=True, help_text="What stands before the running number, such as INV/26-27/."
    )
    financial_year = models.CharField(max_length=5, blank=True)
    sequence_number = models.PositiveIntegerField(null=True, blank=True)
    period_start = models.DateField(null=True, blank=True, help_text="Empty on a one-off invoice.")
    period_end = models.DateField(null=True, blank=True, help_text="The first day after the period.")
    issue_date = models.DateField(null=True, blank=True, help_text="In the seller's time zone.")
    due_date = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    subtotal = MoneyField(default=ZERO)
    discount_total = MoneyField(default=ZERO)
    tax_total = MoneyField(default=ZERO)
    round_off = MoneyField(default=ZERO)
    total = MoneyField(default=ZERO)
    amount_paid = MoneyField(default=ZERO, help_text="What of the payments is credited to it now.")
    amount_returned = MoneyField(
        default=ZERO, help_text="Was paid, was given back, and is not asked for again: no part of what is due."
    )
    amount_refunded = MoneyField(
        default=ZERO, help_text="What was given back in all, also what a credit note took back with it."
    )
    amount_credited = MoneyField(default=ZERO, help_text="What credit notes took back of it.")
    is_released = models.BooleanField(
        "month released", default=False, help_text="A credit note over all of it released its month to be billed anew."
    )
    seller_gstin = models.CharField("seller's GSTIN", max_length=15, blank=True, help_text="As on the document.")
    supply_kind = models.CharField(
        max_length=6, blank=True, help_text="As GSTR-1 names it, such as B2B or EXPWOP; NO_GST where none is charged."
    )
    place_of_supply = models.CharField(max_length=2, blank=True, help_text="State code; 96 is abroad.")
    taxable_in_rupees = MoneyField(null=True, blank=True, help_text="Values for returns. Empty without GST.")
    igst_in_rupees = MoneyField("IGST in rupees", null=True, blank=True)
    cgst_in_rupees = MoneyField("CGST in rupees", null=True, blank=True)
    sgst_in_rupees = MoneyField("SGST in rupees", null=True, blank=True, help_text="Or UTGST.")
    warnings = models.JSONField(default=list, help_text="What the draft could not bill, such as usage without a price.")
    approval_needed = models.JSONField(
        default=list, help_text="Why a person has to approve the draft: [{code, message}]. Empty: nobody has to."
    )
    edited_by = models.JSONField(default=list, help_text="Who drafted it by hand or typed on it: user names.")
    purchase_order = models.CharField(
        "purchase order number",
        max_length=PURCHASE_ORDER_LENGTH,
        blank=True,
        validators=[validate_printed_line],
        help_text="The customer's number for what it ordered. Empty: the one on the customer's page.",
    )
    notes = models.TextField(
        blank=True,
        max_length=NOTES_LENGTH,
        validators=[validate_printed_paragraphs],
        help_text="Printed below the totals.",
    )
    public_token = models.CharField(
        max_length=32, unique=True, editable=False, default=new_public_token, help_text="Opens the pay page."
    )
    finalized_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When an e-mail was last handed to the outbox.")
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.TextField(blank=True)
    pdf = models.FileField("PDF", max_length=200, blank=True)
    pdf_sha256 = Sha256Field()
    pdf_state = models.CharField("PDF state", max_length=10, choices=PdfState, default=PdfState.NONE)

    objects = InvoiceQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["-created_at"]
        permissions = [
            ("create_invoice", "Can draft and recompute an invoice"),
            ("approve_invoice", "Can approve an invoice"),
            ("finalize_invoice", "Can finalize an invoice"),
            ("send_invoice", "Can send an invoice"),
            ("void_invoice", "Can void an invoice"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="invoice_newest"),
            models.Index(fields=["organisation", "-period_start"], name="invoice_by_organisation"),
            models.Index(fields=["period_start", "currency"], name="invoice_by_period"),
            models.Index(fields=["created_at"], condition=Q(status="draft"), name="invoice_drafts"),
            models.Index(fields=["id"], condition=Q(pdf_state="failed"), name="invoice_pdf_failed"),
            models.Index(fields=["due_date"], condition=Q(status__in=COLLECTABLE), name="invoice_collectable"),
            models.Index(fields=["voided_at"], condition=Q(voided_at__isnull=False), name="invoice_by_voiding"),
            models.Index(fields=["finalized_at"], condition=~Q(number=""), name="invoice_by_issue"),
            models.Index(  # has all that sums by month of issue need
                fields=["issue_date"],
                include=["id", "organisation", "currency", "total", "amount_credited", "amount_paid"],
                condition=~Q(status="draft") & ~Q(status="void"),
                name="invoice_billed",
            ),
            models.Index(fields=["seller_gstin", "issue_date", "id"], condition=~Q(number=""), name="invoice_of_gstin"),
            models.Index(fields=["number"], name="invoice_by_number"),
            models.Index(fields=["sequence_number"], name="invoice_by_sequence_number"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "period_start"],
                condition=~Q(status="void") & Q(is_released=False) & Q(period_start__isnull=False),
                name="one_live_invoice_per_organisation_and_period",
                violation_error_message="The customer has an invoice for this month already.",
            ),
            stored_pdf_has_its_hash("invoice_pdf_has_its_hash"),
            # The seller as on the document is frozen with it, so this holds whatever the seller's form says later.
            models.UniqueConstraint(
                REGISTRATION, "number", condition=~Q(number=""), name="invoice_number_once_per_registration"
            ),
            models.UniqueConstraint(
                REGISTRATION,
                "series",
                "financial_year",
                "sequence_number",
                condition=Q(sequence_number__isnull=False),
                name="invoice_sequence_number_once",
            ),
            models.CheckConstraint(
                condition=Q(number="") | Q(number__regex=NUMBER_PATTERN), name="invoice_number_fits_rule_46"
            ),
            models.CheckConstraint(
                condition=Q(status="draft", number="")
                | Q(status="void", number="")
                | (
                    ~Q(number="")
                    & ~Q(status="draft")
                    & Q(issue_date__isnull=False, due_date__isnull=False, finalized_at__isnull=False)
                    & Q(sequence_number__isnull=False)
                    & ~Q(supply_kind="")
                ),
                name="invoice_has_number_once_issued",
            ),
            models.CheckConstraint(
                condition=Q(number="")
                | Q(supply_kind="NO_GST")
                | (
                    Q(taxable_in_rupees__isnull=False, igst_in_rupees__isnull=False)
                    & Q(cgst_in_rupees__isnull=False, sgst_in_rupees__isnull=False)
                ),
                name="gst_invoice_has_values_in_rupees",
            ),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") - F("discount_total") + F("tax_total") + F("round_off")),
                name="invoice_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(number="", amount_paid=0, amount_refunded=0, amount_returned=0, amount_credited=0)
                | (
                    Q(amount_paid__gte=0, amount_returned__gte=0, amount_credited__gte=0)
                    & Q(amount_paid__lte=F("total") - F("amount_credited") - F("amount_returned"))
                    & Q(amount_refunded__gte=F("amount_returned"), amount_refunded__lte=F("total") - F("amount_paid"))
                ),
                name="invoice_paid_between_nothing_and_total",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "void"], amount_paid=0, amount_refunded=0, amount_credited=0)
                | (
                    Q(status="finalized", amount_paid=0, amount_refunded=0)
                    & (Q(amount_credited=0) | Q(amount_credited__lt=F("total")))
                )
                | Q(status="partially_paid", amount_paid__gt=0, amount_paid__lt=_OWED, amount_refunded=0)
                | (
                    Q(status="paid", amount_paid=_OWED, amount_refunded=0)
                    & (Q(amount_paid__gt=0) | Q(amount_credited=0))
                )
                | Q(status="partially_refunded", amount_refunded__gt=0)
                & (Q(amount_paid__gt=0) | Q(amount_returned__lt=_OWED))
                | Q(status="refunded", amount_refunded__gt=0, amount_paid=0, amount_returned=_OWED)
                | Q(status="credited", amount_paid=0, amount_refunded=0, amount_credited=F("total")),
                name="invoice_status_tells_what_is_paid",
            ),
            models.CheckConstraint(
                condition=Q(is_released=False)
                | Q(amount_credited=F("total"), amount_credited__gt=0, period_start__isnull=False),
                name="released_invoice_is_credited_in_full",
            ),
            models.CheckConstraint(
                condition=Q(period_start__isnull=True, period_end__isnull=True)
                | Q(period_start__isnull=False, period_end__gt=F("period_start")),
                name="invoice_period_in_order",
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="invoice_currency_is_iso"),
        ]
        triggers = TRIGGERS

    def __str__(self) -> str:
        return self.number or f"Draft for {self.period_label}"

    @property
    def amount_due(self) -> Decimal:
        """What is asked for: the total without what credit notes took back, without what is paid, and without what was
        given back and is left so."""
        if self.status == self.Status.VOID:
            return ZERO
        return self.amount_owed - self.amount_paid - self.amount_returned

    @property
    def amount_owed(self) -> Decimal:
        """What the customer owed in all, paid or not: the total without what credit notes took back."""
        return self.total - self.amount_credited

    @property
    def is_collectable(self) -> bool:
        """The same question as InvoiceQuerySet.collectable, of one row."""
        return self.status in COLLECTABLE and self.amount_due > ZERO

    @property
    def is_voidable(self) -> bool:
        """Issued, nothing credited, and no money came in that stands: also of an invoice of nothing, which is paid
        from the start. Whether anybody has seen it is asked by `voiding.why_not_voidable`."""
        untouched = not self.amount_paid and not self.amount_credited
        return self.status in (self.Status.FINALIZED, self.Status.PAID) and untouched

    @property
    def is_creditable(self) -> bool:
        """Issued, and not credited in full."""
        return not self.is_draft and self.status != self.Status.VOID and self.amount_credited < self.total

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @cached_property
    def exchange(self) -> dict[str, Any] | None:
        """Rate, source, date and rupee values of a foreign-currency document, as JSON; None for drafts and rupees."""
        document = getattr(self, "document", None)
        return document.content.get("exchange") if document else None

    @property
    def period(self) -> BillingPeriod | None:
        if self.period_start is None or self.period_end is None:
            return None
        return BillingPeriod(self.period_start, self.period_end)

    @property
    def period_label(self) -> str:
        return month_text(self.period_start) if self.period_start else "one-off work"

    def is_overdue(self, on: date) -> bool:
        return self.is_collectable and self.due_date is not None and self.due_date < on
