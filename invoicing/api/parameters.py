"""Query parameters of invoices, prices, rates, runs and analytics."""

from __future__ import annotations

from typing import Any

from django import forms
from django_filters import ChoiceFilter, Filter
from django_filters.rest_framework import FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from billing_platform.lib.http.parameters import (
    DayFilter,
    DayOrMomentFilter,
    IdFilter,
    ListFileParameters,
    MonthFilter,
    TextFilter,
    TruthFilter,
)
from billing_platform.lib.validators import validate_billing_month, validate_currency
from invoicing.models import CreditNote, Discount, FilingFile, Invoice, InvoiceQuestion, PricingRule
from invoicing.returns.period import Frequency


class InvoiceParameters(ListFileParameters):
    status = ChoiceFilter(choices=Invoice.Status.choices)
    number = TextFilter()
    currency = TextFilter(validators=[validate_currency])
    period_start = DayFilter()
    issue_date = DayFilter()
    due_date = DayFilter()


class QuestionParameters(FilterSet):
    status = ChoiceFilter(choices=InvoiceQuestion.Status.choices)
    invoice = IdFilter("invoice_id")


class UpcomingInvoiceParameters(FilterSet):
    period = MonthFilter(label="2026-11; the current month if left out.", validators=[validate_billing_month])


class RevenueLeakParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    metric_name = TextFilter()
    period = MonthFilter(label="The month of use, such as 2026-11; the last twelve if left out.")
    format = ChoiceFilter(choices=[("json", "JSON"), ("csv", "CSV")])


@extend_schema_field(OpenApiTypes.INT)
class WholeNumberFilter(Filter):
    field_class = forms.IntegerField


class LineExplanationParameters(FilterSet):
    before = WholeNumberFilter(label="`older` of the page before.", min_value=1, max_value=2**63 - 1)
    page_size = WholeNumberFilter(label="Events of a page: 50, at most 200.", min_value=1, max_value=200)


class InvoicePdfParameters(FilterSet):
    original = TruthFilter(label="As the invoice was issued and mailed, whatever has happened since.")


class CreditNoteParameters(ListFileParameters):
    organisation = IdFilter("organisation_id")
    invoice = IdFilter("invoice_id")
    number = TextFilter()
    kind = ChoiceFilter(choices=CreditNote.Kind.choices)
    reason = ChoiceFilter(choices=CreditNote.Reason.choices)
    currency = TextFilter(validators=[validate_currency])
    issue_date = DayFilter()


class CreditNoteOfInvoiceParameters(FilterSet):
    kind = ChoiceFilter(choices=CreditNote.Kind.choices)


class PricingRuleParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    metric_name = TextFilter()
    unit = TextFilter()
    currency = TextFilter(validators=[validate_currency])
    model = ChoiceFilter(choices=PricingRule.Model.choices)


class SimulatedCustomerParameters(ListFileParameters):
    organisation = IdFilter("organisation_id")
    currency = TextFilter(validators=[validate_currency])
    pays = ChoiceFilter(
        choices=[(each, each) for each in ("more", "less", "same")], method="who_pays", label="More, less or the same."
    )

    def who_pays(self, rows: Any, _name: str, value: str) -> Any:
        return rows.pays(value)


class TaxRateParameters(FilterSet):
    country = TextFilter()
    sac = TextFilter()


class ExchangeRateParameters(FilterSet):
    base = TextFilter(validators=[validate_currency])
    target = TextFilter(validators=[validate_currency])
    as_of = DayFilter()
    source = TextFilter()


class ExchangeRatePairParameters(FilterSet):
    at = DayOrMomentFilter(label="The last day on which the rate may be published; today if left out.")


class RecurringFeeParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    project = IdFilter("project_id")
    currency = TextFilter(validators=[validate_currency])


class MinimumChargeParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    currency = TextFilter(validators=[validate_currency])


class InvoiceTemplateParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    billing_entity = IdFilter("billing_entity_id")
    is_in_use = TruthFilter("is_default")


class DiscountParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    kind = ChoiceFilter(choices=Discount.Kind.choices)
    metric_name = TextFilter()
    unit = TextFilter()
    recurring_fee = IdFilter("recurring_fee_id")


class Gstr1Parameters(FilterSet):
    gstin = TextFilter(label="Of a seller, now or earlier.")
    period = MonthFilter(label="2026-10; of a quarter, any of its months.", validators=[validate_billing_month])
    frequency = ChoiceFilter(
        choices=[(each.value, each.value) for each in Frequency], label="How the GSTIN files; monthly if left out."
    )
    format = ChoiceFilter(choices=FilingFile.Format.choices, label="A file; figures and findings if left out.")


class _DaysForm(forms.Form):
    """Both days or none; the end comes after the start."""

    def clean(self) -> dict[str, Any]:
        values, given = self.cleaned_data, {name for name in ("start", "end") if name in self.data}
        if len(given) == 1:
            self.add_error(({"start", "end"} - given).pop(), "Give both days, start and end.")
        elif values.get("start") and values.get("end") and values["end"] <= values["start"]:
            self.add_error("end", "This is the first day that no longer counts: it comes after the start.")
        return values


class _BreakdownForm(_DaysForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if (values.get("group_by") == "dimension") != ("dimension" in self.data):
            self.add_error("dimension", "Name a dimension if, and only if, costs are grouped by dimension.")
        return values


class RealTimeParameters(FilterSet):
    project_id = IdFilter("project_id")
    metric_name = TextFilter(label="Narrows `metrics`; requests are told apart by metric when they are counted.")
    format = ChoiceFilter(choices=[("json", "JSON"), ("csv", "CSV")])


class AnalyticsParameters(FilterSet):
    start = DayFilter(label="The first day, on the organisation's clock; without days, its month up to today.")
    end = DayFilter(label="The first day that no longer counts.")
    project_id = IdFilter("project_id")
    metric_name = TextFilter()
    format = ChoiceFilter(choices=[("json", "JSON"), ("csv", "CSV")])

    class Meta:
        form = _DaysForm


class TrendParameters(AnalyticsParameters):
    group_by = ChoiceFilter(choices=[("day", "Day"), ("week", "Week, from Monday"), ("month", "Month")])


class CostBreakdownParameters(AnalyticsParameters):
    group_by = ChoiceFilter(choices=[("metric", "Metric"), ("project", "Project"), ("dimension", "Dimension")])
    dimension = TextFilter(label="The metadata key, for group_by=dimension.")

    class Meta:
        form = _BreakdownForm
