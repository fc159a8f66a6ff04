"""Price simulations: who would have paid how much under draft prices, and the way from there to real ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    badge,
    list_action,
    object_action,
    object_page,
    short_time,
)
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import EMPTY, anchor
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import format_money, format_number, format_percent
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import State
from events.models import Metric
from invoicing.admin.prices.price_form import reason_field
from invoicing.admin.prices.price_parts import MODELS
from invoicing.admin.prices.price_words import dimensions_text, price_text, whole_price_text
from invoicing.admin.prices.simulation_chart import distribution
from invoicing.admin.prices.simulation_form import AGAIN, TOGETHER, SimulationForm
from invoicing.models import PriceSimulation, PricingRule, SimulatedCustomer
from invoicing.selectors.price_simulations import Sums, csv_rows, histogram, sums_of
from invoicing.services.prices import simulating
from organisations.models import Organisation
from organisations.operators_clock import operators_today
from organisations.scoping import reaches_every_organisation

ROWS_OF_A_PAGE = 100
PAYS = {"more": "Pays more", "less": "Pays less", "same": "Pays the same", "failed": "Not worked out"}


class RowsForm(forms.Form):
    """Which customers the report lists."""

    money = forms.ChoiceField(required=False, label="Currency")
    pays = forms.ChoiceField(required=False, label="Show", choices=[("", "All"), *PAYS.items()])
    name = forms.CharField(required=False, label="Customer")

    def __init__(self, asked: dict[str, Any], currencies: list[str]) -> None:
        super().__init__(asked)
        fields: dict[str, Any] = self.fields
        fields["money"].choices = [(each, each) for each in currencies]
        if len(currencies) < 2:
            del fields["money"]


class ScheduleForm(ActionForm):
    effective_from = forms.DateField(label="First day", help_text="In each customer's time zone.")
    reason = reason_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["effective_from"].initial = BillingPeriod.of(operators_today()).end


def _schedule_facts(_request: HttpRequest, simulation: PriceSimulation) -> Iterator[tuple[str, Any]]:
    for body in simulation.drafts:
        old = simulating.followed_price(body, BillingPeriod.of(operators_today()).end)
        yield (
            _draft_name(body),
            f"{whole_price_text(body, body['currency'])}. Now: {price_text(old) if old else 'none'}",
        )
    for sums in sums_of(simulation):
        yield f"{simulation.span_text} in {sums.currency}", f"{_change(sums)}: {_who(sums)}"


def _schedule_warnings(_request: HttpRequest, simulation: PriceSimulation) -> Iterator[str]:
    failed = sum(sums.failed for sums in sums_of(simulation))
    if failed:
        yield f"{format_number(failed)} of the customers could not be worked out: nothing is known of their bills."


@admin.register(PriceSimulation)
class PriceSimulationAdmin(ReadOnlyAdmin):
    """Tells something of every customer: for people who serve them all."""

    empty_hint = "Try a price on months that are over before you change it: nothing is billed by a simulation."
    list_display = ("name", "standing", "outcome", "asked_by", "asked")
    list_on_a_phone = ("name", "standing", "outcome")
    list_filter = (("scheduled_from", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("requested_by",)
    list_per_page = 20  # each is added up from its customers
    change_form_template = "admin/invoicing/price_simulation.html"
    fieldsets = (
        (None, {"fields": ("progress", "prices", "span", ("asked_by", "asked"))}),
        WORK,
    )
    finished_fieldsets = ((None, {"fields": ("prices", "span", "state_in_words", ("asked_by", "asked"))}),)
    readonly_fields = ("progress", "prices", "span", "state_in_words", "asked_by", "asked", "work")

    class Media:
        js = ("billing_platform/run_progress.js",)

    work = work_column()
    asked = short_time("created_at", "Asked for")
    try_now = try_now_action(
        permission="invoicing.add_pricesimulation", service=lambda pk: simulating.try_now(simulation_id=pk)
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "view") and reaches_every_organisation(request.user)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """How far a worker is, is told while it has something to do; its tries, if one failed."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or (obj.finished_at is None and obj.last_failure):
            return shown
        return shown[:1] if obj.finished_at is None else self.finished_fieldsets

    # --- asking for one ---------------------------------------------------------------------------------------------

    @list_action(
        label="Simulate a price",
        permission="invoicing.add_pricesimulation",
        form=SimulationForm,
        confirm="Months that are over are priced anew by a draft price, with the fees, minimum charges and discounts "
        "of each customer. Nothing is billed, and the price is not stored in the price book.",
        template="admin/invoicing/simulate.html",
        icon="science",
    )
    def simulate(
        self, request: HttpRequest, *, drafts: list[PricingRule], months: int, customers: list[Organisation]
    ) -> HttpResponse:
        started = simulating.start_simulation(drafts=drafts, months=months, customers=customers, by=request.user)
        self.log_addition(request, started, "Asked for.")
        return self.done(request, "The months are being priced anew: the report fills as a worker goes on.", started)

    def _ask(self, request: HttpRequest, action: Any, obj: Any, about: Any, form: Any) -> HttpResponse:
        """With what the script of the price form asks for."""
        shown: Any = super()._ask(request, action, obj, about, form)
        if isinstance(form, SimulationForm):
            units: dict[str, list[str]] = {}
            for name, unit in Metric.objects.order_by("name", "unit").values_list("name", "unit").distinct():
                units.setdefault(name, []).append(unit)
            shown.context_data |= {
                "others": [_draft_text(body) for body in _drafts_of(form)],
                "preview_url": reverse("admin:invoicing_pricingrule_preview"),
                "known": {"metric_name": [*units], "unit": sorted({unit for each in units.values() for unit in each})},
                "units_of": units,
                "models": {
                    name: {"sentence": each.sentence, "parts": each.fields, "columns": ("up_to", *each.columns)}
                    for name, each in MODELS.items()
                },
            }
            for name in ("metric_name", "unit"):
                form.fields[name].widget.attrs["list"] = f"known-{name}"
        return shown  # type: ignore[no-any-return]

    @object_page(label="Simulate another price", permission="invoicing.add_pricesimulation", icon="science")
    def again(self, request: HttpRequest, simulation: PriceSimulation) -> HttpResponse:
        return _simulate_page(**{AGAIN: simulation.pk})

    @object_page(label="Together with another price", permission="invoicing.add_pricesimulation", icon="library_add")
    def together(self, request: HttpRequest, simulation: PriceSimulation) -> HttpResponse:
        return _simulate_page(**{TOGETHER: simulation.pk})

    # --- the report -------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The progress alone, which the open page asks for again and again."""
        view = self.admin_site.admin_view(self.progress_view)
        name = "invoicing_pricesimulation_progress"
        return [path("<path:object_id>/progress/", view, name=name), *super().get_urls()]

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        simulation = self.get_object(request, unquote(object_id))
        if simulation is None:
            raise Http404
        if not self.has_view_permission(request, simulation):
            raise PermissionDenied
        return HttpResponse(self.progress(simulation))

    @admin.display(description="Progress")
    def progress(self, simulation: PriceSimulation) -> Any:
        percent = simulation.customers_done * 100 // simulation.customers if simulation.customers else 100
        context = {
            "simulation": simulation,
            "is_finished": simulation.finished_at is not None or simulation.work_state == State.GIVEN_UP,
            "percent": percent,
            "url": reverse("admin:invoicing_pricesimulation_progress", args=[simulation.pk]),
        }
        return render_to_string("admin/invoicing/simulation_progress.html", context)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        simulation = kwargs.get("obj")
        if simulation is not None:
            context |= self._report(request, simulation)
        return super().render_change_form(request, context, *args, **kwargs)

    def _report(self, request: HttpRequest, simulation: PriceSimulation) -> dict[str, Any]:
        sums = sums_of(simulation)
        currencies = [each.currency for each in sums]
        asked = {name: request.GET.get(name, "") for name in ("money", "pays", "name")}
        form = RowsForm(request.GET.dict(), currencies)
        self.style_form(form)
        currency = asked["money"] if asked["money"] in currencies else next(iter(currencies), "")
        rows = simulation.rows.filter(currency=currency).select_related("organisation")
        if asked["pays"] in PAYS:
            rows = rows.exclude(failure="") if asked["pays"] == "failed" else rows.pays(asked["pays"])
        if asked["name"]:
            rows = rows.filter(organisation__name__icontains=asked["name"].replace("\x00", ""))
        page = Paginator(rows, ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
        return {
            "sums": [_sums_row(each, is_shown=each.currency == currency) for each in sums],
            "currency": currency,
            "chart": distribution(histogram(simulation, currency), currency) if currency else "",
            "rows": [self._row(row) for row in page],
            "page": page,
            "form": form,
            "query": urlencode({**asked, "money": currency}),
        }

    def _row(self, row: SimulatedCustomer) -> dict[str, Any]:
        remarks = [row.failure] if row.failure else []
        if row.left_out_after:
            remarks.append(f"{_months(row.left_out_after)} without a price for a metric")
        return {
            "customer": anchor(self, row.organisation),
            "before": format_money(row.before, row.currency),
            "after": format_money(row.after, row.currency),
            "delta": _signed(row.delta, row.currency),
            "percent": _percent(row.percent),
            "usage": f"{format_money(row.usage_before, row.currency)} → {format_money(row.usage_after, row.currency)}",
            "months": row.months,
            "remarks": remarks,
        }

    @object_page(label="Download as CSV", permission="invoicing.view_pricesimulation", icon="download")
    def download(self, request: HttpRequest, simulation: PriceSimulation) -> HttpResponseBase:
        return csv_response(f"price-simulation-{simulation.created_at:%Y%m%d}", csv_rows(simulation.rows.all()))

    @object_action(
        label="Schedule this price",
        permission="invoicing.change_pricingrule",
        when=lambda simulation: simulation.finished_at is not None and simulation.scheduled_from is None,
        form=ScheduleForm,
        confirm="The price book gets it from that day on: as the next version of the price for the same usage, or as a "
        "new price. Months that are invoiced stay as they are.",
        facts=_schedule_facts,
        warnings=_schedule_warnings,
        icon="event_available",
    )
    def schedule(self, request: HttpRequest, simulation: PriceSimulation, *, effective_from: date, reason: str) -> str:
        user: Any = request.user
        if not user.has_perm("invoicing.add_pricingrule", PricingRule()):
            raise PermissionDenied
        simulating.schedule_prices(
            simulation_id=simulation.pk, effective_from=effective_from, reason=reason, by=request.user
        )
        return f"The price holds from {day_text(effective_from)} on."

    # --- columns ----------------------------------------------------------------------------------------------------

    @admin.display(description="Prices and months")
    def name(self, simulation: PriceSimulation) -> str:
        return str(simulation)

    @admin.display(description="State")
    def standing(self, simulation: PriceSimulation) -> Any:
        if simulation.scheduled_from is not None:
            return badge("Scheduled", "success")
        if simulation.finished_at is not None:
            return badge("Finished", "info")
        if simulation.work_state == State.GIVEN_UP:
            return badge("Failed", "danger")
        return badge("At work", "warning")

    @admin.display(description="State")
    def state_in_words(self, simulation: PriceSimulation) -> Any:
        if simulation.scheduled_from is None:
            return self.standing(simulation)
        return format_html(
            'Scheduled{}: the prices hold from {} on. <a class="text-link" href="{}">See them in the price book.</a>',
            f" by {simulation.scheduled_by}" if simulation.scheduled_by else "",
            day_text(simulation.scheduled_from),
            list_address(PricingRule, q=simulation.drafts[0]["metric_name"]),
        )

    @admin.display(description="Change")
    def outcome(self, simulation: PriceSimulation) -> str:
        return "; ".join(_change(each) for each in sums_of(simulation)) or EMPTY

    @admin.display(description="Asked for by", ordering="requested_by")
    def asked_by(self, simulation: PriceSimulation) -> str:
        return str(simulation.requested_by or EMPTY)

    @admin.display(description="Months")
    def span(self, simulation: PriceSimulation) -> str:
        chosen = "" if simulation.chosen is None else f", {format_number(len(simulation.chosen))} chosen customers"
        return f"{simulation.span_text}{chosen}"

    @admin.display(description="Draft prices")
    def prices(self, simulation: PriceSimulation) -> Any:
        return render_to_string(
            "admin/invoicing/simulated_prices.html", {"drafts": [_draft_row(body) for body in simulation.drafts]}
        )


def _simulate_page(**named: Any) -> HttpResponse:
    url = reverse("admin:invoicing_pricesimulation_list_action", args=["simulate"])
    return HttpResponseRedirect(f"{url}?{urlencode(named)}")


def _drafts_of(form: SimulationForm) -> list[Mapping[str, Any]]:
    """The drafts of the simulation that the form goes on from."""
    named = form["together"].value()
    simulation = PriceSimulation.objects.filter(pk=named).first() if named else None
    return simulation.drafts if simulation is not None else []


def _draft_name(body: Mapping[str, Any]) -> str:
    where = dimensions_text(body["dimensions"])
    return f"{body['metric_name']} ({body['unit']}){f', {where}' if where else ''}"


def _draft_text(body: Mapping[str, Any]) -> str:
    return f"{_draft_name(body)}: {whole_price_text(body, body['currency'])}"


def _draft_row(body: Mapping[str, Any]) -> dict[str, str]:
    owner = body["organisation"]
    name = Organisation.objects.filter(pk=owner).values_list("name", flat=True).first() if owner else None
    pool = "" if body["pool"] == PricingRule.Pool.ORGANISATION else "Each project alone"
    return {
        "name": _draft_name(body),
        "price": "; ".join(filter(None, (whole_price_text(body, body["currency"]), pool))),
        "owner": name or "Every customer without a price of its own",
    }


def _sums_row(sums: Sums, *, is_shown: bool) -> dict[str, Any]:
    return {
        "currency": sums.currency,
        "is_shown": is_shown,
        "before": format_money(sums.before, sums.currency),
        "after": format_money(sums.after, sums.currency),
        "delta": _signed(sums.delta, sums.currency),
        "percent": _percent(sums.percent),
        "who": _who(sums),
        "counts": {"more": sums.more, "less": sums.less, "same": sums.same, "failed": sums.failed},
        "left_out": sums.left_out,
    }


def _who(sums: Sums) -> str:
    """ "2 pay more, 1 pays less"."""
    told = ((sums.more, "more"), (sums.less, "less"), (sums.same, "the same"))
    return ", ".join(
        f"{format_number(count)} {'pays' if count == 1 else 'pay'} {words}" for count, words in told if count
    )


def _change(sums: Sums) -> str:
    percent = _percent(sums.percent)
    return f"{_signed(sums.delta, sums.currency)}{f' ({percent})' if percent != EMPTY else ''}"


def _signed(amount: Decimal, currency: str) -> str:
    return f"{'+' if amount > 0 else ''}{format_money(amount, currency)}"


def _percent(percent: Decimal | None) -> str:
    return EMPTY if percent is None else f"{'+' if percent > 0 else ''}{format_percent(percent)}"


def _months(count: int) -> str:
    return f"{format_number(count)} month{'s' if count != 1 else ''}"
