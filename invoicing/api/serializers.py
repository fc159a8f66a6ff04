"""Shapes of invoices and runs, as the contract spells them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing_platform.lib.gst import place_of_supply_label
from billing_platform.lib.http.fields import DecimalText, MoneyText, MonthField
from billing_platform.lib.limits import (
    DESCRIPTION_LENGTH,
    PRICE_DIGITS,
    QUANTITY_DIGITS,
    QUANTITY_PLACES,
    REASON_LENGTH,
    UNIT_PRICE_PLACES,
)
from billing_platform.lib.number_formats import money_text, short_text
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.validators import validate_billing_month, validate_paragraphs, validate_sac
from invoicing.computing.invoice import Computed
from invoicing.gst_heads import TaxAmount
from invoicing.models import BillingRun, BillingRunItem, Invoice, InvoiceLine
from invoicing.selectors.billing_runs import RunProgress, names_people, requester, run_pace, run_progress
from invoicing.selectors.documents import summed_taxes
from invoicing.services.approving import stored_fingerprint
from invoicing.services.draft_rows import line_columns
from organisations.models import Organisation
from organisations.notifications.recipients import MAX_ADDRESSES


class ExplanationStepSerializer(serializers.Serializer):
    description = serializers.CharField()
    quantity = serializers.CharField()
    unit_price = serializers.CharField()
    flat_fee = serializers.CharField()
    amount = serializers.CharField()


class LineDiscountSerializer(serializers.Serializer):
    """What one discount takes off a line, before tax: frozen with the line."""

    discount = serializers.UUIDField(source="discount_id")
    name = serializers.CharField()
    terms = serializers.CharField(help_text="Such as 10%, or ₹300.00 off API calls.")
    amount = DecimalText()


class LineItemSerializer(serializers.Serializer):
    line_number = serializers.IntegerField(source="position")
    kind = serializers.ChoiceField(choices=InvoiceLine.Kind.choices)
    description = serializers.CharField()
    project = serializers.UUIDField(source="project_id", allow_null=True)
    metric_name = serializers.CharField()
    unit = serializers.CharField()
    dimensions = serializers.DictField(child=serializers.CharField())
    quantity = DecimalText()
    unit_price = DecimalText(allow_null=True)
    amount = MoneyText(currency="invoice.currency", help_text="Before discounts and tax.")
    discount = MoneyText(currency="invoice.currency")
    discounts = LineDiscountSerializer(source="line_discounts", many=True)
    sac = serializers.CharField()
    service_start = serializers.DateField(allow_null=True)
    service_end = serializers.DateField(allow_null=True)
    pricing_rule = serializers.UUIDField(source="pricing_rule_id", allow_null=True)
    recurring_fee = serializers.UUIDField(source="recurring_fee_id", allow_null=True)
    minimum_charge = serializers.UUIDField(source="minimum_charge_id", allow_null=True)
    explanation = ExplanationStepSerializer(many=True)


class StoredLineSerializer(LineItemSerializer):
    """A line of a stored invoice: by its id it can be explained."""

    id = serializers.UUIDField()


class TaxRowSerializer(serializers.Serializer):
    name = serializers.CharField()
    rate = serializers.CharField(help_text="In percent.")
    taxable_amount = serializers.CharField()
    amount = serializers.CharField()


class InvoiceSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    number = serializers.SerializerMethodField()
    status = serializers.ChoiceField(choices=Invoice.Status.choices)
    period_start = serializers.DateField(allow_null=True)
    period_end = serializers.DateField(allow_null=True, help_text="The first day after the period.")
    issue_date = serializers.DateField(allow_null=True)
    due_date = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    subtotal = MoneyText()
    discount_total = MoneyText()
    tax_total = MoneyText()
    round_off = MoneyText()
    total = MoneyText()
    amount_paid = MoneyText()
    amount_credited = MoneyText(help_text="What credit notes took back.")
    amount_due = MoneyText()
    place_of_supply = serializers.SerializerMethodField()
    exchange = serializers.SerializerMethodField(
        help_text="Rate, source, date and rupee values of a foreign-currency invoice."
    )
    warnings = serializers.JSONField()
    approval_needed = serializers.JSONField(
        help_text="Why a draft has to be approved before it is issued: [{code, message}]."
    )
    pdf_url = serializers.SerializerMethodField()
    pdf_state = serializers.ChoiceField(choices=Invoice.PdfState.choices)
    sent_at = serializers.DateTimeField(allow_null=True)
    voided_at = serializers.DateTimeField(allow_null=True)
    void_reason = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_number(self, invoice: Invoice) -> str | None:
        return invoice.number or None

    def get_place_of_supply(self, invoice: Invoice) -> str | None:
        """Such as 29-Karnataka: null on a draft, empty where no GST is charged."""
        if not invoice.supply_kind:
            return None
        return place_of_supply_label(invoice.place_of_supply) if invoice.place_of_supply else ""

    def get_exchange(self, invoice: Invoice) -> dict[str, Any]:
        return invoice.exchange or {}

    def get_pdf_url(self, invoice: Invoice) -> str | None:
        return reverse("invoice-pdf", args=[invoice.pk]) if invoice.number else None


class InvoiceDetailSerializer(InvoiceSerializer):
    line_items = StoredLineSerializer(source="lines.all", many=True)
    taxes = serializers.SerializerMethodField()
    fingerprint = serializers.SerializerMethodField(
        help_text="Of a draft's lines, taxes and total, to be approved exactly so; null once it is issued."
    )

    def get_fingerprint(self, invoice: Invoice) -> str | None:
        return stored_fingerprint(invoice) if invoice.is_draft else None

    @extend_schema_field(TaxRowSerializer(many=True))
    def get_taxes(self, invoice: Invoice) -> list[dict[str, str]]:
        return tax_rows(summed_taxes(invoice.taxes.all()), invoice.currency)


class NewLineSerializer(serializers.Serializer):
    description = serializers.CharField(max_length=DESCRIPTION_LENGTH, validators=[validate_paragraphs])
    quantity = serializers.DecimalField(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_PLACES, default=Decimal(1))
    unit_price = serializers.DecimalField(max_digits=PRICE_DIGITS, decimal_places=UNIT_PRICE_PLACES)
    sac = serializers.CharField(required=False, allow_blank=True, validators=[validate_sac])


class NewInvoiceSerializer(serializers.Serializer):
    """Either a period or lines."""

    period = MonthField(
        required=False, validators=[validate_billing_month], help_text="2026-10: drafts the invoice of that month."
    )
    lines = NewLineSerializer(many=True, required=False, help_text="Drafts a one-off invoice.")


class FinalizeSerializer(serializers.Serializer):
    send = serializers.BooleanField(default=True, help_text="false: the PDF is made and not e-mailed.")


class ApproveSerializer(serializers.Serializer):
    fingerprint = serializers.CharField(
        required=False, default="", max_length=64, help_text="Of the draft as you saw it: another one is refused."
    )


class SendSerializer(serializers.Serializer):
    to = serializers.ListField(
        child=serializers.CharField(max_length=254),
        required=False,
        max_length=MAX_ADDRESSES,
        help_text="Mails once more, to these addresses. Left out: to the recipients that were not sent it yet.",
    )


REASON_NOT_GIVEN = "Voided through the API."
"""The contract lets a client void an invoice without saying why; the service wants a reason for the log."""


class VoidSerializer(serializers.Serializer):
    reason = serializers.CharField(
        max_length=REASON_LENGTH,
        validators=[validate_paragraphs],
        default=REASON_NOT_GIVEN,
        help_text=f"For the log and the customer. Left out: “{REASON_NOT_GIVEN}”",
    )


class UpcomingInvoiceSerializer(serializers.Serializer):
    """The shape of an invoice, for one that does not exist."""

    organisation = serializers.UUIDField()
    status = serializers.CharField(help_text="Always upcoming.")
    period_start = serializers.DateField()
    period_end = serializers.DateField()
    currency = serializers.CharField()
    subtotal = serializers.CharField()
    discount_total = serializers.CharField()
    tax_total = serializers.CharField()
    round_off = serializers.CharField()
    total = serializers.CharField()
    warnings = serializers.JSONField()
    line_items = LineItemSerializer(many=True)
    taxes = TaxRowSerializer(many=True)

    @staticmethod
    def of(organisation: Organisation, period: BillingPeriod, computed: Computed) -> dict[str, Any]:
        currency, totals = organisation.currency, computed.totals
        names = ("subtotal", "discount_total", "tax_total", "round_off", "total")
        shell = Invoice(currency=currency)
        lines = [
            InvoiceLine(invoice=shell, position=position, **line_columns(line))
            for position, line in enumerate(computed.lines, 1)
        ]
        return {
            "organisation": organisation.pk,
            "status": "upcoming",
            "period_start": period.start,
            "period_end": period.end,
            "currency": currency,
            **{name: money_text(getattr(totals, name), currency) for name in names},
            "warnings": [warning.to_json() for warning in computed.warnings],
            "line_items": LineItemSerializer(lines, many=True).data,
            "taxes": tax_rows(totals.taxes, currency),
        }


class NewBillingRunSerializer(serializers.Serializer):
    period = MonthField(validators=[validate_billing_month], help_text="2026-10")


class BillingRunItemSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    status = serializers.ChoiceField(choices=BillingRunItem.Status.choices)
    invoice = serializers.UUIDField(source="invoice_id", allow_null=True)
    reason = serializers.CharField()
    attempts = serializers.IntegerField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RunCountsSerializer(serializers.Serializer):
    pending = serializers.IntegerField()
    claimed = serializers.IntegerField()
    drafted = serializers.IntegerField(help_text="Drafted: days of grace run, or a hold keeps the draft back.")
    approval = serializers.IntegerField(help_text="Drafted: somebody has to approve it.")
    done = serializers.IntegerField()
    skipped = serializers.IntegerField()
    failed = serializers.IntegerField()
    parked = serializers.IntegerField()
    voided = serializers.IntegerField(help_text="The invoice was voided, and the month not billed again.")
    left_unbilled = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer):
    """Of the customers that the key reaches."""

    total = serializers.IntegerField(help_text="Customers in the run.")
    waiting = serializers.IntegerField(help_text="Of them, those that are waiting or at work.")
    percent = serializers.IntegerField(help_text="How much of the run has ended; 100 once nothing waits.")
    per_second = DecimalText(allow_null=True, help_text="Customers a second over the last minute, while it runs.")
    seconds_left = serializers.IntegerField(allow_null=True, help_text="At that pace.")


class BillingRunSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    period = serializers.CharField()
    requested_by = serializers.SerializerMethodField(help_text="A person is named to who reaches every organisation.")
    created_at = serializers.DateTimeField()
    status = serializers.SerializerMethodField(help_text="running or finished, by the items that the key reaches.")
    counts = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()

    def get_requested_by(self, run: BillingRun) -> str:
        return requester(run, named=names_people(self.context["request"].auth))

    def _progress(self, run: BillingRun) -> RunProgress:
        return run_progress(run=run, actor=self.context["request"].auth)

    def get_status(self, run: BillingRun) -> str:
        return "finished" if self._progress(run).is_finished else "running"

    @extend_schema_field(RunCountsSerializer)
    def get_counts(self, run: BillingRun) -> dict[str, int]:
        return dict(RunCountsSerializer(self._progress(run)).data)

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, run: BillingRun) -> dict[str, Any]:
        progress = self._progress(run)
        pace = run_pace(run=run, progress=progress, actor=self.context["request"].auth)
        known = {name: getattr(progress, name) for name in ("total", "waiting", "percent")}
        return dict(
            ProgressSerializer({**known, "per_second": pace.per_second, "seconds_left": pace.seconds_left}).data
        )


class BillingRunDetailSerializer(BillingRunSerializer):
    items = serializers.SerializerMethodField()

    @extend_schema_field(BillingRunItemSerializer(many=True))
    def get_items(self, run: BillingRun) -> list[dict[str, Any]]:
        visible = BillingRunItem.objects.for_organisations(self.context["request"].auth).filter(run=run)
        return list(BillingRunItemSerializer(visible, many=True).data)


def tax_rows(taxes: tuple[TaxAmount, ...], currency: str) -> list[dict[str, str]]:
    return [
        {
            "name": tax.name,
            "rate": short_text(tax.rate),
            "taxable_amount": money_text(tax.taxable_amount, currency),
            "amount": money_text(tax.amount, currency),
        }
        for tax in taxes
    ]
