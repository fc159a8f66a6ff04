"""The revenue leak: usage without a price, what it may be worth, and the ways out; and what was written off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    badge,
    link,
    list_action,
    list_page,
    money,
    object_action,
    scoped,
    short_time,
)
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.inputs import FoundField
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.number_formats import format_money, format_number, short_text
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from invoicing.admin.metric import price_form_url
from invoicing.models import PricingRule, UsageWriteOff
from invoicing.selectors.revenue_leak import MONTHS, Asking, Leak, leak_of, leaking_months, revenue_leak, totals
from invoicing.services import write_offs
from organisations.models import Organisation
from organisations.operators_clock import operators_today

ROWS_OF_A_PAGE = 100
DECIDE = "invoicing.decide_usagewriteoff"
INVOICED, NOT_YET = badge("Invoiced without it", "danger"), badge("Not invoiced yet", "warning")
COLUMNS = (
    "customer", "month", "metric_name", "unit", "quantity", "event_count", "is_invoiced", "estimate", "currency",
    "estimated_by", "written_off",
)  # fmt: skip


def leak_address(**filters: Any) -> str:
    url = reverse("admin:invoicing_usagewriteoff_list_action", args=["leak"])
    return f"{url}?{urlencode(filters)}" if filters else url


class FilterForm(forms.Form):
    """What the address leaves out is not narrowed down."""

    month = forms.ChoiceField(required=False)
    organisation = FoundField(
        UsageWriteOff.organisation, Organisation.objects.none(), required=False, label="Customer", empty_label="All"
    )
    metric_name = forms.ChoiceField(required=False, label="Metric")

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.GET.dict())
        fields: dict[str, Any] = self.fields
        months = leaking_months(operators_today())
        fields["month"].choices = [("", f"Last {MONTHS} months"), *((str(each), month_text(each)) for each in months)]
        fields["organisation"].queryset = scoped(Organisation.objects.all(), request).order_by("name")
        names = scoped(Metric.objects.all(), request).order_by("name").values_list("name", flat=True).distinct()
        fields["metric_name"].choices = [("", "All"), *((name, name) for name in names)]

    @property
    def query(self) -> str:
        return urlencode({name: self[name].value() or "" for name in self.fields})


class WriteOffForm(ActionForm):
    organisation = forms.ModelChoiceField(Organisation.objects.all(), widget=forms.HiddenInput)
    metric = forms.ModelChoiceField(Metric.objects.all(), widget=forms.HiddenInput)
    month = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        widget=forms.TextInput, max_length=REASON_LENGTH, help_text="Why it is not billed. An auditor reads this."
    )

    def clean_month(self) -> BillingPeriod:
        try:
            return BillingPeriod.parse(self.cleaned_data["month"])
        except ValueError as error:
            raise forms.ValidationError("Choose the month again.") from error


def _named(request: HttpRequest) -> Leak | None:
    """The leak that the address of the page names, if the user may see it."""
    try:
        period = BillingPeriod.parse(request.GET.get("month", ""))
        owner = scoped(Organisation.objects.all(), request).filter(pk=request.GET.get("organisation", "")).first()
        metric = scoped(Metric.objects.all(), request).filter(pk=request.GET.get("metric", "")).first()
    except (ValueError, ValidationError):
        return None
    if owner is None or metric is None:
        return None
    return leak_of(organisation=owner, period=period, metric=metric, actor=request.user)


def _facts(request: HttpRequest, _nothing: Any) -> Iterator[tuple[str, Any]]:
    leak = _named(request)
    if leak is not None:
        yield "Customer", leak.organisation
        yield "Used in", month_text(leak.month)
        yield "Usage without a price", f"{leak.words.title}: {leak.used}"
        yield "Worth about", _estimate_text(leak) or "Nothing is known of a price"


def _obstacles(request: HttpRequest, _nothing: Any) -> Iterator[str]:
    if request.method == "GET" and _named(request) is None:
        yield "Choose the usage on the page Revenue leak: none of that name is without a price."


def _estimate_text(leak: Leak) -> str:
    estimate = leak.estimate
    return format_money(estimate.amount.amount, estimate.amount.currency) if estimate else ""


@admin.register(UsageWriteOff)
class UsageWriteOffAdmin(ReadOnlyAdmin):
    empty_hint = "Nothing was written off. Usage without a price stands on the page Revenue leak."
    list_display = (
        "metric_shown", "customer", "used_in", "quantity_shown", "worth", "state", "reason", "by", "written",
    )  # fmt: skip
    list_on_a_phone = ("metric_shown", "customer", "used_in", "state")
    list_filter = ("organisation", "month", "metric_name", ("taken_back_at", admin.EmptyFieldListFilter))
    search_fields = ("metric_name", "unit", "reason", "organisation__name")
    list_select_related = ("organisation", "written_off_by", "taken_back_by")
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": ("customer", "used_in", "metric_shown", "quantity_shown", "event_count", "worth", "state")}),
        ("Decided", {"fields": ("reason", "by", "written", "taken_back", "taken_back_by")}),
    )

    customer = link("organisation", "Customer")
    worth = money("estimate", "Worth about")
    written = short_time("created_at", "Written off")
    taken_back = short_time("taken_back_at", "Taken back")

    @admin.display(description="Used in", ordering="month")
    def used_in(self, row: UsageWriteOff) -> str:
        return month_text(row.month)

    @admin.display(description="Metric", ordering="metric_name")
    def metric_shown(self, row: UsageWriteOff) -> str:
        return f"{row.metric_name} ({row.unit})"

    @admin.display(description="Quantity", ordering="quantity")
    def quantity_shown(self, row: UsageWriteOff) -> str:
        return format_number(row.quantity)

    @admin.display(description="State")
    def state(self, row: UsageWriteOff) -> Any:
        return badge("Written off") if row.stands else badge("Taken back", "info")

    @admin.display(description="By")
    def by(self, row: UsageWriteOff) -> str:
        return str(row.written_off_by)

    def may_act(self, request: HttpRequest, action: Any, obj: Any = None) -> bool:
        """Of which customer usage is written off, the form says: then it is asked for that one."""
        user: Any = request.user
        if action.name in ("write_off", "leak"):
            return bool(user.has_perm(action.permission))
        return super().may_act(request, action, obj)

    def buttons(self, request: HttpRequest, obj: Any = None) -> list[dict[str, Any]]:
        """To write off is asked for on the page Revenue leak, beside the usage."""
        ways = self._action_url(self.admin_actions["write_off"], None)
        return [each for each in super().buttons(request, obj) if each["url"] != ways]

    @list_page(label="Revenue leak", permission="invoicing.view_usagewriteoff", icon="water_drop")
    def leak(self, request: HttpRequest) -> HttpResponseBase:
        form = FilterForm(request)
        self.style_form(form)
        chosen = form.cleaned_data if form.is_valid() else {}
        month = chosen.get("month")
        leaks = revenue_leak(
            Asking(
                request.user,
                organisation=chosen.get("organisation"),
                period=BillingPeriod.parse(month) if month else None,
                metric_name=chosen.get("metric_name", ""),
            )
        )
        if request.GET.get("format") == "csv":
            return csv_response(f"revenue-leak-{operators_today():%Y%m%d}", _cells(leaks))
        page = Paginator(leaks, ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Revenue leak",
            "is_fullwidth": "1",
            "form": form,
            "query": form.query,
            "totals": [format_money(each.amount, each.currency) for each in totals(leaks)],
            "count": len(leaks),
            "customers": len({leak.organisation.pk for leak in leaks}),
            "unknown": sum(leak.estimate is None for leak in leaks),
            "page": page,
            "rows": [self._row(request, leak) for leak in page],
            "written_off_url": list_address(UsageWriteOff, taken_back_at__isempty="1"),
        }
        return TemplateResponse(request, "admin/invoicing/revenue_leak.html", context)

    def _row(self, request: HttpRequest, leak: Leak) -> dict[str, Any]:
        user: Any = request.user
        named = {"organisation": leak.organisation.pk, "metric": leak.metric.pk, "month": str(leak.month)}
        write_off = self._action_url(self.admin_actions["write_off"], None)
        may_price = user.has_perm("invoicing.add_pricingrule", leak.organisation)
        may_price_for_all = user.has_perm("invoicing.add_pricingrule", PricingRule())
        may_write_off = leak.is_invoiced and user.has_perm(DECIDE, leak.organisation)
        return {
            "metric": leak.words.title,
            "metric_url": reverse("admin:events_metric_change", args=[leak.metric.pk])
            if user.has_perm("events.view_metric")
            else "",
            "customer": leak.organisation,
            "month": month_text(leak.month),
            "used": leak.used,
            "written_off": leak.words.quantity_text(leak.written_off) if leak.written_off else "",
            "state": INVOICED if leak.is_invoiced else NOT_YET,
            "estimate": _estimate_text(leak),
            "estimated_by": _estimated_by(leak, user),
            "price_url": _price_url(leak, own=True) if may_price else "",
            "price_for_all_url": _price_url(leak, own=False) if may_price_for_all else "",
            "write_off_url": f"{write_off}?{urlencode(named)}" if may_write_off else "",
        }

    @list_action(
        label="Write off",
        permission=DECIDE,
        form=WriteOffForm,
        confirm="No invoice charges it, and no price may bill it while this stands. Usage of the month that comes "
        "later is not written off. It can be taken back.",
        facts=_facts,
        obstacles=_obstacles,
        danger=True,
        icon="money_off",
    )
    def write_off(
        self, request: HttpRequest, *, organisation: Organisation, metric: Metric, month: BillingPeriod, reason: str
    ) -> HttpResponse:
        user: Any = request.user
        if not user.has_perm(DECIDE, organisation):
            raise PermissionDenied
        row = write_offs.write_off_usage(
            organisation=organisation, period=month, metric=metric, reason=reason, by=request.user
        )
        messages.success(request, f"{row} of {organisation} is written off.")
        return HttpResponseRedirect(leak_address())

    @object_action(
        label="Take back",
        permission=DECIDE,
        when=lambda row: row.stands,
        confirm="The usage is a leak again, and a price may bill it.",
        icon="undo",
    )
    def take_back(self, request: HttpRequest, row: UsageWriteOff) -> str:
        write_offs.take_back_write_off(write_off_id=row.pk, by=request.user)
        return "It is taken back: the usage stands on the page Revenue leak again."


def _price_url(leak: Leak, *, own: bool) -> str:
    """The form for a price from the month of use on, with what the leak would cost by it."""
    return price_form_url(
        leak.organisation, leak.metric, leak.month, own=own, quantity=leak.left, events=leak.events_left
    )


def _estimated_by(leak: Leak, user: Any) -> str:
    """Whose price the estimate is by; that of another customer is not named to who may not see it."""
    if leak.estimate is None:
        return EMPTY
    owner = leak.estimate.rule.organisation_id
    if owner is None:
        return "the price of every customer"
    if owner == leak.organisation.pk:
        return "the customer's last price"
    return "another customer's price"


def _cells(leaks: Iterable[Leak]) -> Iterator[tuple[Any, ...]]:
    yield COLUMNS
    for leak in leaks:
        estimate = leak.estimate
        yield (
            leak.organisation.name,
            str(leak.month),
            leak.metric.name,
            leak.metric.unit,
            short_text(leak.left),
            leak.events_left,
            "yes" if leak.is_invoiced else "no",
            short_text(estimate.amount.amount) if estimate else "",
            leak.organisation.currency,
            _estimated_by(leak, None) if estimate else "",
            short_text(leak.written_off),
        )
