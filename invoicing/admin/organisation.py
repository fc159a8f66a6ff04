"""Adds to an organisation's page: its prices, and actions that draft invoices."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    Extension,
    attention_filter,
    extends,
    object_action,
    object_page,
)
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.metric import without_price
from invoicing.admin.prices.customer_prices import prices_by_metric_of
from invoicing.admin.runs.months import MonthForm
from invoicing.models import Discount, Invoice, MinimumCharge, RecurringFee
from invoicing.selectors.exchange_rates import customers_without_rate
from invoicing.selectors.price_coverage import unpriced_usage_of
from invoicing.services import drafting
from organisations.models import Organisation
from organisations.operators_clock import operators_today

AttentionFilter = attention_filter(
    no_rate=(
        "No exchange rate of the last 7 days",
        lambda customers, user: customers.filter(
            pk__in=customers_without_rate(actor=user, today=operators_today()).values("pk")
        ),
    )
)


@extends(Organisation)
class BillingOfOrganisation(Extension):
    list_filter = (AttentionFilter,)
    related_lists = (
        (Invoice, "organisation__id__exact"),
        (RecurringFee, "organisation__id__exact"),
        (MinimumCharge, "organisation__id__exact"),
        (Discount, "organisation__id__exact"),
    )

    @object_page(label="Prices", permission="invoicing.view_pricingrule", icon="sell")
    def prices(self, request: HttpRequest, organisation: Organisation) -> HttpResponse:
        """The customer's present and next prices, and its usage without a price."""
        today = clock.today(organisation.zone)
        context = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": f"Prices of {organisation}",
            "object": organisation,
            "prices": prices_by_metric_of(organisation, page=self.page, user=request.user, today=today),
            "unpriced": [without_price(row, request.user) for row in unpriced_usage_of(organisation)],
        }
        return TemplateResponse(request, "admin/invoicing/customer_prices.html", context)

    @object_action(
        label="Draft invoice",
        permission="invoicing.create_invoice",
        form=MonthForm,
        confirm="The month's usage is priced and taxed. A draft can be looked at, computed again, and discarded.",
        icon="receipt_long",
    )
    def create_draft(self, request: HttpRequest, organisation: Organisation, *, month: BillingPeriod) -> HttpResponse:
        draft = drafting.create_draft(organisation=organisation, period=month)
        return self.page.done(request, f"The invoice of {month_text(month)} was drafted.", draft)
