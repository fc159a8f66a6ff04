"""Pricing rules: what a unit costs, for whom, from when to when."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest

from billing_platform.lib.admin.base import ModelAdmin, attention_filter, badge, short_time
from billing_platform.lib.number_formats import format_number, format_price
from invoicing.models import InvoiceLine, PricingRule
from invoicing.selectors.price_coverage import ending_prices, is_known
from invoicing.services import price_book
from organisations.operators_clock import operators_today

PARAMETERS_HELP = (
    'Decimals as text. Per unit: {"unit_price": "0.0123"}. Tiers: {"tiers": [{"up_to": "1000", "unit_price": "0.02"}, '
    '{"up_to": null, "unit_price": "0.01"}]}.'
)


TIERS_SHOWN = 3
PRICE = ("model", "parameters")
BOUNDS = ("free_units", "minimum", "maximum", "charge_at_zero")
PLAIN = ("organisation", "metric_name", "unit", "currency", "dimensions", "pool", "effective_from", "effective_to")


class PricingRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = PricingRule
        fields = (*PLAIN, *PRICE, *BOUNDS)
        help_texts = {"parameters": PARAMETERS_HELP}

    def _post_clean(self) -> None:
        """Of another price on the same days the service says which, and the way out: more than the constraint can."""
        super()._post_clean()  # type: ignore[misc]  # not among Django's types
        if {*self.errors} == {NON_FIELD_ERRORS} and price_book.overlapping(self.instance) is not None:
            del self.errors[NON_FIELD_ERRORS]


AttentionFilter = attention_filter(
    ending=(
        "Ends within 30 days, and none follows",
        lambda rules, user: rules.filter(pk__in=ending_prices(actor=user, today=operators_today()).values("pk")),
    )
)


def price_text(rule: PricingRule) -> str:
    """ "Per unit ₹0.015", "Graduated tiers ₹1.00 to 1,000, ₹0.50 above"."""
    amounts = ", ".join(_amounts(rule))
    return f"{rule.get_model_display()} {amounts or rule.currency}"


def _amounts(rule: PricingRule) -> list[str]:
    body = rule.parameters

    def shown(amount: str | Decimal) -> str:
        return format_price(Decimal(amount), rule.currency)

    if tiers := body.get("tiers"):
        words = [_tier_text(tier, shown) for tier in tiers]
        return words if len(words) <= TIERS_SHOWN else [*words[: TIERS_SHOWN - 1], f"and {len(words) - 2} more tiers"]
    if "package_price" in body:
        return [f"{shown(body['package_price'])} for {format_number(Decimal(body['package_size']))}"]
    if "rate" in body:
        fee = Decimal(body.get("fixed_fee") or 0)
        return [f"{format_number(Decimal(body['rate']))}%", *([f"{shown(fee)} an event"] if fee else [])]
    return [shown(body[name]) for name in ("unit_price", "amount") if name in body]


def _tier_text(tier: dict[str, Any], shown: Callable[[str | Decimal], str]) -> str:
    fee = Decimal(tier.get("flat_fee") or 0)
    share = f"{format_number(Decimal(tier['rate']))}%" if "rate" in tier else shown(tier.get("unit_price") or "0")
    price = share + (f" and {shown(fee)}" if fee else "")
    return f"{price} to {format_number(Decimal(tier['up_to']))}" if tier.get("up_to") else f"{price} above"


@admin.register(PricingRule)
class PricingRuleAdmin(ModelAdmin):
    empty_hint = "Without a price, usage is counted but not billed: add one for every customer, or for one."
    list_on_a_phone = ("metric_name", "scope", "price", "state")
    form = PricingRuleForm
    list_display = ("metric_name", "unit", "scope", "price", "effective_from", "effective_to", "state")
    list_filter = (AttentionFilter, "organisation", "currency", "model", "effective_from")
    search_fields = ("metric_name", "unit", "organisation__name")
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    fieldsets = (
        ("For", {"fields": ("organisation", "metric_name", "unit", "dimensions", "currency")}),
        ("Price", {"fields": ("model", "parameters", "pool", *BOUNDS)}),
        ("Valid", {"fields": ("effective_from", "effective_to")}),
    )
    related_lists = ((InvoiceLine, "pricing_rule__id__exact"),)

    ordering = ("metric_name",)

    created = short_time("created_at", "Created")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A rule that stands on an issued invoice can only be ended; the database insists on it."""
        if obj is None or not obj.is_billed:
            return ()
        fields = [name for _title, options in self.fieldsets for name in options["fields"]]
        return tuple(name for name in fields if name != "effective_to")

    def save_model(self, request: HttpRequest, obj: PricingRule, form: Any, change: bool) -> None:
        """Saves by a service, which refuses changes of a billed rule."""
        answers = form.cleaned_data
        price: dict[str, Any] | None
        price = {"model": answers["model"], **answers["parameters"]} if "parameters" in answers else {}
        price |= {name: answers[name] for name in BOUNDS if name in answers}
        others = {name: answers[name] for name in PLAIN if name in answers}
        if change:
            others = {name: value for name, value in others.items() if name in form.changed_data}
            price = price if {*PRICE, *BOUNDS} & {*form.changed_data} else None
            price_book.update_pricing_rule(rule_id=obj.pk, price=price, **others)
        else:
            obj.pk = price_book.create_pricing_rule(price=price, **others).pk
        self._warn_of_unknown(request, obj)

    def _warn_of_unknown(self, request: HttpRequest, rule: PricingRule) -> None:
        """A price under a name that nothing is counted by bills nothing, and says so on no invoice."""
        if not is_known(metric_name=rule.metric_name, unit=rule.unit, organisation=rule.organisation):
            named = f"{rule.metric_name} ({rule.unit})"
            messages.warning(request, f"There is no metric {named}, and no usage of it: are its name and unit right?")

    @admin.display(description="For", ordering="organisation__name")
    def scope(self, rule: PricingRule) -> str:
        return str(rule.organisation or "Every customer")

    @admin.display(description="Price", ordering="model")
    def price(self, rule: PricingRule) -> str:
        return price_text(rule)

    @admin.display(description="State")
    def state(self, rule: PricingRule) -> Any:
        today = operators_today()
        if rule.holds_on(today):
            return badge("In force", "success")
        return badge("To come", "info") if rule.effective_from > today else badge("Ended")
