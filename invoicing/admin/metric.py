"""Adds prices to the pages of metrics, and marks metrics that are used without a price."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib import clock
from billing_platform.lib.admin.base import DropdownFilter, Extension, badge, extends
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.number_formats import short_text
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from invoicing.admin.prices.price_words import price_text
from invoicing.models import PricingRule
from invoicing.selectors.price_coverage import Unpriced, prices_by_metric, unpriced_metrics, unpriced_usage
from organisations.models import Organisation
from organisations.operators_clock import operators_today

MISSING = "missing"


class PriceFilter(DropdownFilter):
    title = "price"
    parameter_name = "price"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(MISSING, "Used this month without a price")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        user: Any = request.user
        return queryset.filter(pk__in=unpriced_metrics(actor=user)) if self.value() == MISSING else queryset


@extends(Metric)
class PricesOfMetric(Extension):
    list_filter = (PriceFilter,)
    list_on_a_phone = ("name", "unit", "scope", "price")

    def columns(self, request: HttpRequest, shown: list[Any]) -> list[Any]:
        """The column knows what is used and priced once for all rows of the page. It takes the place of the last one,
        the day on which the metric was made."""
        user: Any = request.user
        return [*shown[:-1], prices_column(user)] if user.has_perm("invoicing.view_pricingrule") else shown


def prices_column(user: Any) -> Any:
    today = operators_today()
    rules = PricingRule.objects.for_organisations(user).during(today, date.max).select_related("organisation")
    prices = prices_by_metric(rule for rule in rules if rule.holds_on(today))
    missing: defaultdict[UUID, list[Unpriced]] = defaultdict(list)
    for row in unpriced_usage(actor=user):
        missing[row.metric.pk].append(row)

    def price(metric: Metric) -> SafeString | str:
        found = prices.get((metric.name, metric.unit), [])
        words = [price_text(found[0])] if len(found) == 1 else [f"{len(found)} prices"] * bool(found)
        unpriced = [without_price(row, user) for row in missing.get(metric.pk, ())]
        lines = format_html_join("", '<span class="price-line">{}</span>', ((line,) for line in [*words, *unpriced]))
        return lines or EMPTY

    price.short_description = "Price"  # type: ignore[attr-defined]  # read by Django
    return price


def without_price(row: Unpriced, user: Any, *, month: BillingPeriod | None = None) -> SafeString:
    """Which customer used how much, with a link to set a price if the user may do so."""
    may = user.has_perm("invoicing.add_pricingrule", row.organisation)
    way = format_html(' <a class="text-link" href="{}">Set price</a>', set_price_url(row, month)) if may else ""
    used = f"{row.organisation.name}: {row.used}"
    return format_html("{} {}{}", badge("No price", "danger"), used, way)


def set_price_url(row: Unpriced, month: BillingPeriod | None = None) -> str:
    """The form for a new price, filled in: from the first day of a month, the customer's current one by default."""
    organisation: Organisation = row.organisation
    month = month or BillingPeriod.containing(clock.now(), organisation.zone)
    return price_form_url(organisation, row.metric, month)


def price_form_url(
    organisation: Organisation, metric: Metric, month: BillingPeriod, *, own: bool = True, **late: Any
) -> str:
    """The form for a new price from a month on, of one customer or of all, filled in. `late` is the quantity of usage
    without a price, and the number of its events: the price bills it late."""
    known = {
        **({"organisation": organisation.pk} if own else {}),
        "metric_name": metric.name,
        "unit": metric.unit,
        "currency": organisation.currency,
        "effective_from": month.start.isoformat(),
        **({"bills_late": "on", "quantity": short_text(late["quantity"]), "events": late["events"]} if late else {}),
    }
    return f"{reverse('admin:invoicing_pricingrule_add')}?{urlencode(known)}"
