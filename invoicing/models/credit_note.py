"""The credit note: takes back a part of an issued invoice, or all of it (CGST section 34, rule 53)."""

from __future__ import annotations

from datetime import timedelta

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import append_only, no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.document_numbers import SERIES_LENGTH
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_percent
from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.models.columns import MoneyField, QuantityField, Sha256Field, stored_pdf_has_its_hash
from invoicing.models.invoice import NUMBER_PATTERN, REGISTRATION, Invoice
from invoicing.models.invoice_line import InvoiceLine
from invoicing.models.number_sequence import number_is_of_a_series
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel, TenantQuerySet

# What may still change: its PDF and its e-mail.
_MUTABLE = (
    "'pdf', 'pdf_sha256', 'pdf_state', 'sent_at', 'send_to', 'attempts', 'next_attempt_at', 'claimed_until', "
    "'last_failure', 'updated_at'"
)

_FITS_ITS_INVOICE = """
    -- The lock comes first: two notes at once would each see a sum without the other.
    SELECT * INTO owed FROM invoicing_invoice WHERE id = NEW.invoice_id FOR UPDATE;
    IF owed.status IN ('draft', 'void') THEN
        RAISE EXCEPTION 'Invoice % is not issued: there is nothing to credit.', NEW.invoice_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (owed.organisation_id, owed.billing_entity_id, owed.currency, owed.seller_gstin)
       IS DISTINCT FROM (NEW.organisation_id, NEW.billing_entity_id, NEW.currency, NEW.seller_gstin) THEN
        RAISE EXCEPTION 'A credit note has the customer, the seller and the currency of its invoice.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.issue_date < owed.issue_date THEN
        RAISE EXCEPTION 'A credit note is not older than its invoice.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""

_FITS_ITS_LINE = """
    SELECT invoice_id, bill_again INTO owner, cancels FROM invoicing_creditnote WHERE id = NEW.credit_note_id;
    PERFORM 1 FROM invoicing_invoice WHERE id = owner FOR UPDATE;
    SELECT amount - discount INTO whole FROM invoicing_invoiceline
        WHERE id = NEW.invoice_line_id AND invoice_id = owner;
    SELECT COALESCE(SUM(amount), 0) + NEW.amount INTO credited
        FROM invoicing_creditnoteline WHERE invoice_line_id = NEW.invoice_line_id;
    -- Only of a line that a note cancels, and of which commercial notes took everything before, is there only tax left.
    IF whole IS NULL OR ABS(credited) > ABS(whole)
    OR (SIGN(NEW.amount) <> SIGN(whole) AND NOT (cancels AND NEW.amount = 0 AND credited = whole)) THEN
        RAISE EXCEPTION 'Line % of the invoice has not that much to credit.', NEW.invoice_line_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""

_FITS_ITS_TAX = """
    SELECT invoice_line_id INTO credited_line FROM invoicing_creditnoteline WHERE id = NEW.line_id;
    SELECT amount INTO whole FROM invoicing_invoicetax
        WHERE line_id = credited_line AND name = NEW.name AND rate = NEW.rate;
    SELECT COALESCE(SUM(tax.amount), 0) + NEW.amount INTO credited
        FROM invoicing_creditnotetax tax JOIN invoicing_creditnoteline line ON line.id = tax.line_id
        WHERE line.invoice_line_id = credited_line AND tax.name = NEW.name;
    IF whole IS NULL OR NEW.amount * whole < 0 OR ABS(credited) > ABS(whole) THEN
        RAISE EXCEPTION 'Line % of the invoice has not that much % to credit.', credited_line, NEW.name
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


def _adds_up(note: str) -> pgtrigger.Trigger:
    """At the end of the transaction: the note's sums are those of its lines and taxes. A row that comes later breaks
    them, so none can."""
    return pgtrigger.Trigger(
        name="note_adds_up",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        declare=[("note", "invoicing_creditnote%ROWTYPE")],
        func=f"""
            SELECT * INTO note FROM invoicing_creditnote WHERE id = NEW.{note};
            IF note.subtotal IS DISTINCT FROM
               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_creditnoteline WHERE credit_note_id = note.id)
            OR note.tax_total IS DISTINCT FROM
               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_creditnotetax WHERE credit_note_id = note.id)
            THEN
                RAISE EXCEPTION 'Credit note % does not add up from its lines and taxes.', note.number
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        """,  # noqa: S608  (the column is ours)
    )


class CreditNoteQuerySet(TenantQuerySet):
    def not_delivered(self) -> CreditNoteQuerySet:
        """Making the PDF or handing over the e-mail was given up."""
        given_up = self.filter(next_attempt_at__isnull=True)
        return given_up.exclude(last_failure="")


class CreditNote(ClaimedWork, BaseModel, TenantModel):
    """Issued when it is made: it has no draft. Heads, rates, place, seller and customer are those of its invoice."""

    claim_lasts = timedelta(minutes=5)
    max_attempts = 8

    class Kind(models.TextChoices):
        GST = "gst", "Credit note"
        TAX = "tax", "Credit note (tax outside GST)"
        COMMERCIAL = "commercial", "Commercial credit note"

    class Reason(models.TextChoices):
        DEFICIENCY = "deficiency", "Deficiency in the service"
        PRICE_TOO_HIGH = "price_too_high", "Price or tax charged too high"
        QUANTITY_TOO_HIGH = "quantity_too_high", "More charged than used"
        LATER_DISCOUNT = "later_discount", "Discount after the supply"
        CANCELLED = "cancelled", "Supply or order cancelled"
        CORRECTION = "correction", "Correction of the invoice"
        OTHER = "other", "Another reason"

    class PdfState(models.TextChoices):
        PENDING = "pending", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="credit_notes"
    )
    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="credit_notes"
    )
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    kind = models.CharField(
        max_length=10, choices=Kind, help_text="A commercial note gives no tax back, and is in no GST return."
    )
    reason = models.CharField(max_length=20, choices=Reason)
    reason_text = models.TextField("reason in words", blank=True)
    number = models.CharField(max_length=16)
    series = models.CharField(max_length=SERIES_LENGTH)
    financial_year = models.CharField(max_length=5)
    sequence_number = models.PositiveIntegerField()
    issue_date = models.DateField(help_text="In the seller's time zone.")
    currency = models.CharField(max_length=3)
    subtotal = MoneyField(help_text="The taxable value credited: after discounts, before tax.")
    tax_total = MoneyField(default=ZERO)
    round_off = MoneyField(default=ZERO)
    total = MoneyField()
    seller_gstin = models.CharField("seller's GSTIN", max_length=15, blank=True, help_text="As on the invoice.")
    supply_kind = models.CharField(max_length=6, help_text="As on the invoice.")
    place_of_supply = models.CharField(max_length=2, blank=True, help_text="As on the invoice.")
    taxable_in_rupees = MoneyField(null=True, blank=True, help_text="Values for returns. Empty if in no return.")
    igst_in_rupees = MoneyField("IGST in rupees", null=True, blank=True)
    cgst_in_rupees = MoneyField("CGST in rupees", null=True, blank=True)
    sgst_in_rupees = MoneyField("SGST in rupees", null=True, blank=True, help_text="Or UTGST.")
    bill_again = models.BooleanField(default=False, help_text="The invoice's month may be billed anew.")
    usage_counted_in = models.DateField(
        null=True,
        blank=True,
        help_text="First day of the month that counted the corrections of usage which the note gives back. Empty: it "
        "gives back something else.",
    )
    document = models.JSONField(help_text="Everything that the PDF prints.")
    send_to = models.JSONField(default=list, blank=True, help_text="Addresses whose e-mail waits for the PDF.")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When an e-mail was last handed to the outbox.")
    pdf = models.FileField("PDF", max_length=200, blank=True)
    pdf_sha256 = Sha256Field()
    pdf_state = models.CharField("PDF state", max_length=10, choices=PdfState, default=PdfState.PENDING)

    objects = CreditNoteQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["-created_at"]
        permissions = [("issue_creditnote", "Can issue a credit note")]
        indexes = (
            models.Index(fields=["organisation", "-issue_date"], name="credit_note_by_organisation"),
            models.Index(fields=["created_at"], name="credit_note_by_issue"),
            due_index("credit_note_to_deliver"),
            models.Index(fields=["seller_gstin", "issue_date", "id"], name="credit_note_of_gstin"),
            models.Index(fields=["number"], name="credit_note_by_number"),
            models.Index(fields=["sequence_number"], name="credit_note_by_sequence_number"),
        )
        constraints = [
            models.UniqueConstraint(REGISTRATION, "number", name="credit_note_number_once_per_registration"),
            models.UniqueConstraint(
                REGISTRATION, "series", "financial_year", "sequence_number", name="credit_note_sequence_number_once"
            ),
            models.CheckConstraint(condition=Q(number__regex=NUMBER_PATTERN), name="credit_note_number_fits_rule_53"),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("tax_total") + F("round_off")), name="credit_note_has_right_total"
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="credit_note_gives_something"),
            stored_pdf_has_its_hash("credit_note_pdf_has_its_hash"),
            models.CheckConstraint(
                condition=Q(kind="commercial", tax_total=0, taxable_in_rupees__isnull=True)
                | Q(kind="tax", supply_kind="NO_GST", taxable_in_rupees__isnull=True)
                | (
                    Q(kind="gst", taxable_in_rupees__isnull=False, igst_in_rupees__isnull=False)
                    & Q(cgst_in_rupees__isnull=False, sgst_in_rupees__isnull=False)
                    & ~Q(supply_kind="NO_GST")
                ),
                name="credit_note_kind_tells_what_returns_hold",
            ),
            models.CheckConstraint(
                condition=~Q(reason="other") | ~Q(reason_text=""),
                name="credit_note_other_reason_in_words",
                violation_error_message="Say in words what the reason is.",
            ),
            models.CheckConstraint(
                condition=Q(usage_counted_in__isnull=True) | Q(usage_counted_in__day=1),
                name="credit_note_counts_whole_months",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="fits_its_invoice",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("owed", "invoicing_invoice%ROWTYPE")],
                func=_FITS_ITS_INVOICE,
            ),
            pgtrigger.Trigger(
                name="issued_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF to_jsonb(OLD) - ARRAY[{_MUTABLE}] IS DISTINCT FROM to_jsonb(NEW) - ARRAY[{_MUTABLE}] THEN
                        RAISE EXCEPTION 'Credit note % is issued: what it says never changes.', OLD.number;
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
            _adds_up("id"),
            number_is_of_a_series("credit_note", operation=pgtrigger.Insert),
            pgtrigger.Trigger(
                name="invoice_knows_its_notes",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF (SELECT amount_credited FROM invoicing_invoice WHERE id = NEW.invoice_id) IS DISTINCT FROM
                       (SELECT SUM(total) FROM invoicing_creditnote WHERE invoice_id = NEW.invoice_id)
                    THEN
                        RAISE EXCEPTION 'Invoice % does not know of credit note %.', NEW.invoice_id, NEW.number
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def reason_in_full(self) -> str:
        """The reason from the list, and what was said about it."""
        chosen = "" if self.reason == self.Reason.OTHER else self.Reason(self.reason).label
        return ": ".join(part for part in (chosen, self.reason_text) if part)


class CreditNoteLine(BaseModel, TenantModel):
    """What is taken back of one line of the invoice."""

    tenant_path = "credit_note__organisation"

    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="lines")
    invoice_line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="credit_note_lines")
    quantity = QuantityField(null=True, blank=True, help_text="Empty: credited by amount.")
    amount = MoneyField(help_text="Of the taxable value; has the sign of the invoice's line.")
    usage_amount = MoneyField(
        null=True,
        blank=True,
        help_text="Of a correction of usage: what is given back of the line's amount before its discount.",
    )

    class Meta:
        ordering = ["credit_note", "invoice_line__position"]
        constraints = [
            models.UniqueConstraint(fields=["credit_note", "invoice_line"], name="credit_note_names_a_line_once"),
        ]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="fits_its_line",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("owner", "uuid"), ("cancels", "boolean"), ("whole", "numeric"), ("credited", "numeric")],
                func=_FITS_ITS_LINE,
            ),
            _adds_up("credit_note_id"),
        ]

    def __str__(self) -> str:
        return f"{self.credit_note_id}: {self.invoice_line}"


class CreditNoteTax(BaseModel, TenantModel):
    """One head of tax on one line of the note."""

    tenant_path = "credit_note__organisation"

    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="taxes")
    line = models.ForeignKey(CreditNoteLine, on_delete=models.PROTECT, related_name="taxes")
    name = models.CharField(max_length=20, help_text="CGST, SGST, UTGST or IGST.")
    rate = models.DecimalField(max_digits=6, decimal_places=3, help_text="In percent; that of the invoice.")
    taxable_amount = MoneyField()
    amount = MoneyField()

    class Meta:
        verbose_name_plural = "credit note taxes"
        ordering = ["credit_note", "line__invoice_line__position", "name"]
        constraints = [models.UniqueConstraint(fields=["line", "name"], name="one_credited_tax_per_line_and_head")]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="fits_its_tax",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("credited_line", "uuid"), ("whole", "numeric"), ("credited", "numeric")],
                func=_FITS_ITS_TAX,
            ),
            _adds_up("credit_note_id"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {format_percent(self.rate)}"
