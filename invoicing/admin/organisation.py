"""What invoicing adds to an organisation's page: drafting its invoices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin import ActionForm, attention_filter, object_action
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.months import MonthForm
from invoicing.selectors import customers_without_rate
from invoicing.services import lifecycle
from organisations.admin import OrganisationAdmin
from organisations.models import Organisation
from organisations.operators_clock import operators_today


class OneOffForm(ActionForm):
    description = forms.CharField(max_length=500)
    quantity = forms.CharField(initial="1", max_length=40)
    unit_price = forms.CharField(max_length=40, help_text="Before tax, in the customer's currency.")


AttentionFilter = attention_filter(
    no_rate=(
        "No exchange rate of the last 7 days",
        lambda customers, user: customers.filter(
            pk__in=customers_without_rate(actor=user, today=operators_today()).values("pk")
        ),
    )
)


admin.site.unregister(Organisation)


@admin.register(Organisation)
class BilledOrganisationAdmin(OrganisationAdmin):
    list_filter = (AttentionFilter, *OrganisationAdmin.list_filter)

    @object_action(
        label="Draft invoice",
        permission="invoicing.create_invoice",
        form=MonthForm,
        confirm="The month's usage is priced and taxed. A draft can be looked at, computed again, and discarded.",
        icon="receipt_long",
    )
    def create_draft(self, request: HttpRequest, organisation: Organisation, *, month: BillingPeriod) -> HttpResponse:
        draft = lifecycle.create_draft(organisation=organisation, period=month)
        return self.done(request, f"The invoice of {month_text(month)} was drafted.", draft)

    @object_action(
        label="Draft one-off invoice",
        permission="invoicing.create_invoice",
        form=OneOffForm,
        confirm="For work that is not metered. Tax is added by the customer's place of supply.",
        icon="post_add",
    )
    def create_one_off(self, request: HttpRequest, organisation: Organisation, **line: Any) -> HttpResponse:
        draft = lifecycle.create_one_off_draft(organisation=organisation, lines=[line])
        return self.done(request, "The invoice was drafted.", draft)
