"""Adds to an organisation's page: its prices, and actions that draft invoices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    Extension,
    attention_filter,
    extends,
    object_action,
    object_page,
)
from billing_platform.lib.admin.charts.months import last_months, money_by_month
from billing_platform.lib.admin.contributions import list_address, page_address
from billing_platform.lib.admin.tabs import OVERVIEW, Panel, Tab
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.metric import without_price
from invoicing.admin.prices.customer_prices import prices_by_metric_of
from invoicing.admin.runs.months import MonthForm
from invoicing.models import CreditNote, Discount, Invoice, MinimumCharge, PriceSimulation, PricingRule, RecurringFee
from invoicing.selectors.exchange_rates import customers_without_rate
from invoicing.selectors.invoiced import invoiced_by_month_of
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
    tabs = (
        Tab("prices", "Prices", "invoicing.view_pricingrule", 30, page="prices"),
        Tab(
            "invoices",
            "Invoices and notes",
            "invoicing.view_invoice",
            40,
            lists=(
                (Invoice, "organisation__id__exact"),
                (CreditNote, "organisation__id__exact"),
                (RecurringFee, "organisation__id__exact"),
                (MinimumCharge, "organisation__id__exact"),
                (Discount, "organisation__id__exact"),
            ),
            actions=("create_draft", "create_one_off", "upcoming_invoice"),
        ),
    )
    frequent = ("create_draft", "upcoming_invoice")

    def panels(self, request: HttpRequest, obj: Organisation, tab: str) -> Iterator[Panel]:
        """What was billed in the last twelve months, before tax."""
        user: Any = request.user
        if tab != OVERVIEW or not user.has_perm("invoicing.view_invoice", obj):
            return
        months = last_months(clock.today(obj.zone))
        found = invoiced_by_month_of(obj, months=months)
        href = list_address(Invoice, organisation__id__exact=str(obj.pk))
        for currency in sorted({row.currency for row in found}):
            billed = {row.month: row.cost for row in found if row.currency == currency}
            title = "Billed by month, before tax"
            yield Panel(title, money_by_month(title, months, billed, currency), href, currency)

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
            "links": _ways_on(request, organisation),
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


def _ways_on(request: HttpRequest, organisation: Organisation) -> list[tuple[str, str]]:
    """What one does about prices from here, with the customer filled in."""
    user: Any = request.user
    ways = []
    if user.has_perm("invoicing.add_pricingrule", PricingRule(organisation=organisation)):
        ways.append(("Add price", f"{reverse('admin:invoicing_pricingrule_add')}?organisation={organisation.pk}"))
    if user.has_perm("invoicing.add_pricesimulation", PriceSimulation()):
        ways.append(("Simulate a price", page_address(PriceSimulation, "simulate")))
    return ways
