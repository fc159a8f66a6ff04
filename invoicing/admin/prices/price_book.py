"""Pricing rules: what a unit costs, for whom, from when to when."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from billing_platform.lib.admin.base import (
    ActionForm,
    ModelAdmin,
    attention_filter,
    badge,
    object_action,
    object_page,
    scoped,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY, admin_url
from billing_platform.lib.admin.history import HistoryEntry
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.number_formats import format_money
from events.models import Metric
from events.selectors.billed_unit import billed_unit_of
from invoicing.admin.prices.late_usage import late_usage
from invoicing.admin.prices.price_form import BOUNDS, IDENTITY, EndingForm, PriceForm, asks_why, reason_field
from invoicing.admin.prices.price_history import price_history
from invoicing.admin.prices.price_list_pages import PriceListPages
from invoicing.admin.prices.price_parts import MODELS, PARTS, body_of, typed_of
from invoicing.admin.prices.price_preview import Asked, show
from invoicing.admin.prices.price_words import (
    dimensions_text,
    price_text,
    unknown_metric_text,
    validity_text,
    whole_price_text,
)
from invoicing.admin.prices.simulation_form import RULE
from invoicing.computing.days import days_of
from invoicing.models import InvoiceLine, PricingRule
from invoicing.pricing import Price, PriceError, price_from_dict
from invoicing.selectors.price_coverage import ending_prices, is_known, versions_of
from invoicing.services.prices import price_book
from invoicing.services.prices.billed_months import OpenMonth, open_months
from invoicing.services.prices.repriced_amounts import RepricedMonth
from organisations.models import Organisation
from organisations.operators_clock import operators_today
from organisations.scoping import reaches_every_organisation

FOR = (("organisation", "currency"), ("metric_name", "unit"), "dimensions", "may_be_exchanged")
DAYS = ("Valid", {"fields": (("effective_from", "effective_to"), "reason")})
DAYS_OF_NEW = ("Valid", {"fields": (("effective_from", "effective_to"), "bills_late", "reason")})
PRICE = ("model", *PARTS, ("free_units", "pool"), ("minimum", "maximum"), "charge_at_zero")
VERSION_OF, COPY_OF = "version_of", "copy_of"
PRICE_FIELDS = {"model", "currency", *PARTS, *BOUNDS}
COPIED = ("metric_name", "unit", "currency", "may_be_exchanged", "dimensions", "pool", "model", *BOUNDS)

AttentionFilter = attention_filter(
    ending=(
        "Ends within 30 days, and none follows",
        lambda rules, user: rules.filter(pk__in=ending_prices(actor=user, today=operators_today()).values("pk")),
    )
)


def repriced(rule: PricingRule) -> tuple[OpenMonth, ...]:
    """The months whose counted usage the rule prices, and that are not invoiced yet."""
    return open_months([(rule, days_of(rule))], today=operators_today())


class DeleteForm(ActionForm):
    reason = reason_field()

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if not reason and (question := asks_why(repriced(self.obj))):
            raise ValidationError(question)
        return reason


@admin.register(PricingRule)
class PricingRuleAdmin(PriceListPages, ModelAdmin):
    empty_hint = "Without a price, usage is counted but not billed: add one for every customer, or for one."
    list_on_a_phone = ("metric_name", "scope", "price", "state")
    list_display = ("metric_name", "unit", "scope", "price", "effective_from", "effective_to", "state")
    list_filter = (AttentionFilter, "organisation", "currency", "model", "effective_from")
    search_fields = ("metric_name", "unit", "organisation__name")
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    related_lists = ((InvoiceLine, "pricing_rule__id__exact"),)
    ordering = ("metric_name",)
    change_form_template = "admin/invoicing/price_form.html"
    add_form_template = "admin/invoicing/price_form.html"

    created = short_time("created_at", "Created")

    # --- which fields ---------------------------------------------------------------------------------------------

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        """A rule on an issued invoice can only be ended: its price is shown in words. The database insists on it."""
        if obj is not None and self._only_ends(request, obj):
            shown = (("customer", "currency"), ("metric_name", "unit"), "where")
            return (("For", {"fields": shown}), DAYS, ("Price", {"fields": ("whole_price", "pool")}))
        is_new = obj is None and self.followed(request) is None
        return (("For", {"fields": FOR}), DAYS_OF_NEW if is_new else DAYS, ("Price", {"fields": PRICE}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is not None and self._only_ends(request, obj):
            return ("customer", "currency", "metric_name", "unit", "where", "effective_from", "whole_price", "pool")
        if obj is None and self.followed(request) is not None:
            return ("customer", "where", *(name for name in IDENTITY if name not in ("organisation", "dimensions")))
        return ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kind = EndingForm if obj is not None and self._only_ends(request, obj) else PriceForm
        follows = self.followed(request) if obj is None else None
        fields = [name for name in kind.Meta.fields if follows is None or name not in IDENTITY]
        form = super().get_form(request, obj, change=change, **{**kwargs, "form": kind, "fields": fields})
        form.page, form.follows = self, follows
        form.permitted = staticmethod(lambda rule: self.may(request, "change" if change else "add", rule))
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if obj is None and self.followed(request) is not None:
            fields = (("customer", "currency"), ("metric_name", "unit"), "where")
            return [("For", {"fields": fields}), *shown[1:]]
        return shown

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version begins with the price of the old one, and so does a customer's own price with a copy."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        source = self.followed(request) or self._named(request, COPY_OF)
        if source is None:
            return {"currency": Organisation._meta.get_field("currency").get_default()} | given
        known = {name: getattr(source, name) for name in COPIED} | typed_of(source.parameters)
        return known | {"effective_from": operators_today(), "effective_to": source.effective_to} | given

    def followed(self, request: HttpRequest) -> PricingRule | None:
        """The rule that the form makes a new version of, if its address names one that the user may change."""
        old = self._named(request, VERSION_OF)
        if old is not None and not self.has_change_permission(request, old):
            raise PermissionDenied
        return old

    def _named(self, request: HttpRequest, parameter: str) -> PricingRule | None:
        given = request.GET.get(parameter)
        if not given:
            return None
        try:
            found: PricingRule | None = self.get_queryset(request).filter(pk=UUID(given)).first()
        except ValueError:
            found = None
        if found is None:
            raise Http404
        return found

    def _only_ends(self, request: HttpRequest, obj: PricingRule) -> bool:
        return obj.is_billed or not self.has_change_permission(request, obj)

    # --- saving -----------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: PricingRule, form: Any, change: bool) -> None:
        """By the form, which calls a service."""
        obj.pk = form.save_by_service().pk
        self._warn_of_unknown(request, obj)

    def _warn_of_unknown(self, request: HttpRequest, rule: PricingRule) -> None:
        """A price under a name that nothing is counted by bills nothing, and says so on no invoice."""
        if not is_known(rule):
            messages.warning(request, unknown_metric_text(rule.metric_name, rule.unit))

    # --- the page ---------------------------------------------------------------------------------------------------

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        form, obj = context["adminform"].form, kwargs.get("obj")
        follows = getattr(form, "follows", None)
        metrics = scoped(Metric.objects.all(), request).order_by("name", "unit").values_list("name", "unit").distinct()
        units = _units_of(metrics)
        context |= {
            "follows": follows and price_text(follows),
            "reprices": [_repriced_row(each) for each in form.repriced()],
            "preview": _first_preview(form, obj),
            "preview_url": _preview_url(follows),
            "late": late_usage(request) if obj is None else [],
            "tried": {name: request.GET.get(name, "") for name in ("quantity", "events")},
            "known": {"metric_name": [*units], "unit": sorted({unit for each in units.values() for unit in each})},
            "units_of": units,
            "models": {
                name: {"sentence": each.sentence, "parts": each.fields, "columns": ("up_to", *each.columns)}
                for name, each in MODELS.items()
            },
            "versions": [_version_row(each, obj) for each in versions_of(obj)] if obj is not None else [],
        }
        shown = super().render_change_form(request, context, *args, **kwargs)
        if follows is not None and obj is None:
            shown.context_data["title"] = f"New version of {follows.metric_name} ({follows.unit})"
        return shown

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="invoicing_pricingrule_preview"), *super().get_urls()]

    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What the typed price costs, as a part of the page, and what is wrong with it by field. Nothing is stored."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        price, currency, unit, errors = self._asked_price(request)
        shown = None
        if price is not None and currency:
            try:
                asked = Asked.read(request.POST.get("quantity", ""), request.POST.get("events", ""))
                shown = show(price, currency=currency, asked=asked, unit=unit)
            except InvalidInput as error:
                errors |= error.details
        html = render_to_string("admin/invoicing/price_preview.html", {"preview": shown}, request=request)
        return JsonResponse({"html": html, "errors": errors})

    def _asked_price(self, request: HttpRequest) -> tuple[Price | None, str, str, dict[str, list[str]]]:
        """A stored price, or the one that was typed with what is wrong with it; with its currency and unit."""
        if "rule" in request.POST:
            rule = self.get_object(request, request.POST["rule"])
            if rule is None:
                raise Http404
            return rule.price, rule.currency, _unit_of(rule), {}
        form = PriceForm(request.POST)
        form.reads_price_only = True
        errors = {name: [str(each) for each in found] for name, found in form.errors.items() if name in PRICE_FIELDS}
        typed = form.cleaned_data
        follows = self.get_object(request, request.GET[VERSION_OF]) if VERSION_OF in request.GET else None
        metric = typed.get("organisation"), typed.get("metric_name", ""), typed.get("unit", "")
        unit = _unit_of(follows) if follows is not None else billed_unit_of(*metric)
        return form.price, typed.get("currency", ""), unit, errors

    def history_entries(self, obj: PricingRule, *, names_people: bool) -> list[HistoryEntry]:
        return price_history(obj, names_people=names_people)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the versions of the price in time, each with a history of its own."""
        rule = self.get_object(request, object_id)
        versions = [_version_row(each, rule) for each in versions_of(rule)] if rule is not None else []
        shown: HttpResponse = super().history_view(request, object_id, {"versions": versions, **(extra_context or {})})
        return shown

    @object_page(label="New version", permission="invoicing.add_pricingrule", icon="playlist_add")
    def new_version(self, request: HttpRequest, rule: PricingRule) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:invoicing_pricingrule_add')}?{urlencode({VERSION_OF: rule.pk})}")

    @object_page(label="Simulate a change", permission="invoicing.add_pricesimulation", icon="science")
    def simulate(self, request: HttpRequest, rule: PricingRule) -> HttpResponse:
        url = reverse("admin:invoicing_pricesimulation_list_action", args=["simulate"])
        return HttpResponseRedirect(f"{url}?{urlencode({RULE: rule.pk})}")

    def may_act(self, request: HttpRequest, action: Any, obj: Any = None) -> bool:
        """A simulation tells of all customers."""
        allowed = super().may_act(request, action, obj)
        return allowed and (action.name != "simulate" or reaches_every_organisation(request.user))

    @object_action(
        label="Delete",
        permission="invoicing.delete_pricingrule",
        when=lambda rule: not rule.invoice_lines.exists(),
        form=DeleteForm,
        facts=lambda request, rule: [("Counted usage that loses it", ", ".join(map(str, repriced(rule))) or "None")],
        confirm="No invoice and no draft was computed with this price. What it priced gets the next price that fits, "
        "or none.",
        danger=True,
        icon="delete",
    )
    def delete_price(self, request: HttpRequest, rule: PricingRule, *, reason: str) -> HttpResponse:
        price_book.delete_pricing_rule(rule_id=rule.pk, reason=reason)
        messages.success(request, f"The price {rule} was deleted.")
        return HttpResponseRedirect(reverse("admin:invoicing_pricingrule_changelist"))

    # --- columns ----------------------------------------------------------------------------------------------------

    @admin.display(description="For", ordering="organisation__name")
    def scope(self, rule: PricingRule) -> str:
        return str(rule.organisation or "Every customer")

    @admin.display(description="Customer")
    def customer(self, rule: PricingRule) -> str:
        return self.scope(rule)

    @admin.display(description="Price", ordering="model")
    def price(self, rule: PricingRule) -> str:
        return price_text(rule)

    @admin.display(description="Price")
    def whole_price(self, rule: PricingRule) -> str:
        return whole_price_text(rule.body(), rule.currency)

    @admin.display(description="Dimensions")
    def where(self, rule: PricingRule) -> str:
        return dimensions_text(rule.dimensions) or "Any"

    @admin.display(description="State")
    def state(self, rule: PricingRule) -> Any:
        return state_of(rule, operators_today())


def state_of(rule: PricingRule, today: date) -> Any:
    if rule.holds_on(today):
        return badge("In force", "success")
    return badge("To come", "info") if rule.effective_from > today else badge("Ended")


def _first_preview(form: Any, obj: PricingRule | None) -> Any:
    """What the page shows before anything is typed: the stored price, or what the form begins with."""
    price, currency = getattr(form, "price", None), obj.currency if obj is not None else None
    try:
        if price is None and obj is not None:
            price = obj.price
        if price is None and form.initial.get("model"):
            price, currency = price_from_dict(body_of(form.initial["model"], form.initial)), form.initial["currency"]
    except PriceError:
        return None
    if price is None:
        return None
    rule = obj if obj is not None else form.instance
    return show(price, currency=currency or form.instance.currency, unit=_unit_of(rule))


def _preview_url(follows: PricingRule | None) -> str:
    """Of a new version the form does not say whose: the address does."""
    url = reverse("admin:invoicing_pricingrule_preview")
    return f"{url}?{VERSION_OF}={follows.pk}" if follows is not None else url


def _unit_of(rule: PricingRule) -> str:
    return billed_unit_of(rule.organisation, rule.metric_name, rule.unit)


def _units_of(known: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, unit in known:
        found.setdefault(name, []).append(unit)
    return found


def _repriced_row(repriced: RepricedMonth) -> dict[str, Any]:
    currency = repriced.month.organisation.currency
    before, after = (
        EMPTY if amount is None else format_money(amount, currency) for amount in (repriced.before, repriced.after)
    )
    return {"month": repriced.month, "before": before, "after": after}


def _version_row(rule: PricingRule, shown: PricingRule) -> dict[str, Any]:
    return {
        "rule": rule,
        "is_this": rule.pk == shown.pk,
        "days": validity_text(rule.effective_from, rule.effective_to),
        "price": whole_price_text(rule.body(), rule.currency),
        "state": state_of(rule, operators_today()),
        "url": admin_url(rule),
    }
