"""Shapes of credit notes, as the contract spells them."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing_platform.lib.gst import place_of_supply_label
from billing_platform.lib.http.fields import DecimalText, MoneyText
from billing_platform.lib.limits import (
    MAX_LINES,
    MONEY_DIGITS,
    MONEY_PLACES,
    QUANTITY_DIGITS,
    QUANTITY_PLACES,
    REASON_LENGTH,
)
from billing_platform.lib.validators import validate_paragraphs
from invoicing.api.serializers import InvoiceDetailSerializer, TaxRowSerializer, tax_rows
from invoicing.gst_heads import TaxAmount
from invoicing.models import CreditNote
from invoicing.totals import aggregate_taxes


class CreditNoteLineSerializer(serializers.Serializer):
    line_number = serializers.IntegerField(source="invoice_line.position", help_text="Of the invoice's line.")
    description = serializers.CharField(source="invoice_line.description")
    quantity = DecimalText(allow_null=True, help_text="null: credited by amount.")
    amount = MoneyText(currency="credit_note.currency")


class CreditNoteSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    invoice = serializers.UUIDField(source="invoice_id")
    invoice_number = serializers.CharField(source="invoice.number")
    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=CreditNote.Kind.choices)
    reason = serializers.ChoiceField(choices=CreditNote.Reason.choices)
    reason_text = serializers.CharField()
    issue_date = serializers.DateField()
    currency = serializers.CharField()
    subtotal = MoneyText()
    tax_total = MoneyText()
    round_off = MoneyText()
    total = MoneyText()
    place_of_supply = serializers.SerializerMethodField()
    bill_again = serializers.BooleanField()
    usage_counted_in = serializers.DateField(
        allow_null=True, help_text="First day of the month whose bill made this note from corrections of usage."
    )
    pdf_url = serializers.SerializerMethodField()
    pdf_state = serializers.ChoiceField(choices=CreditNote.PdfState.choices)
    sent_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_place_of_supply(self, note: CreditNote) -> str:
        return place_of_supply_label(note.place_of_supply) if note.place_of_supply else ""

    def get_pdf_url(self, note: CreditNote) -> str:
        return reverse("credit-note-pdf", args=[note.pk])


class CreditNoteDetailSerializer(CreditNoteSerializer):
    line_items = CreditNoteLineSerializer(source="lines.all", many=True)
    taxes = serializers.SerializerMethodField()

    @extend_schema_field(TaxRowSerializer(many=True))
    def get_taxes(self, note: CreditNote) -> list[dict[str, str]]:
        rows = (TaxAmount(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in note.taxes.all())
        return tax_rows(aggregate_taxes(rows), note.currency)


class WantedLineSerializer(serializers.Serializer):
    """Either an amount or a quantity."""

    line_number = serializers.IntegerField(min_value=1, max_value=MAX_LINES)
    amount = serializers.DecimalField(
        max_digits=MONEY_DIGITS,
        decimal_places=MONEY_PLACES,
        required=False,
        help_text="Of the line's taxable value; tax is added.",
    )
    quantity = serializers.DecimalField(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_PLACES, required=False)


class NewCreditNoteSerializer(serializers.Serializer):
    """Either lines or full."""

    lines = WantedLineSerializer(many=True, required=False, allow_empty=False)
    full = serializers.BooleanField(default=False, help_text="true: all that is left of the invoice.")
    reason = serializers.CharField(
        max_length=REASON_LENGTH,
        validators=[validate_paragraphs],
        help_text=f"One of {', '.join(CreditNote.Reason.values)}, or in your own words.",
    )
    reason_text = serializers.CharField(
        max_length=REASON_LENGTH, validators=[validate_paragraphs], default="", allow_blank=True
    )
    kind = serializers.ChoiceField(
        choices=CreditNote.Kind.choices,
        required=False,
        help_text="commercial: no tax is given back. Left out: a note that gives tax back, where there is any.",
    )
    bill_again = serializers.BooleanField(
        default=False, help_text="With full: the invoice's month is released, and waits to be billed anew."
    )
    send = serializers.BooleanField(default=True, help_text="false: the PDF is made and not e-mailed.")


class SettledSerializer(serializers.Serializer):
    """What became of a negative draft."""

    credit_notes = CreditNoteDetailSerializer(source="notes", many=True)
    invoice = InvoiceDetailSerializer(allow_null=True, help_text="Over the rest; null where nothing was left to bill.")
