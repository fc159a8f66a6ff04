"""The pages of billing runs: start a run, watch its progress, retry failed items."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, Sum, TextField, Value
from django.db.models.functions import Cast, JSONObject
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    ReadOnlyInline,
    attention_filter,
    badge,
    facts,
    link,
    list_action,
    numeric,
    object_action,
    scoped,
    short_time,
    status,
    when,
)
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.months import EndedMonthForm, ended_months
from invoicing.models import BillingRun, BillingRunItem, Invoice
from invoicing.selectors.billing_runs import names_people, requester
from invoicing.services import billing_run
from invoicing.services.billing_run_preview import RunPreview, preview_run

Status = BillingRunItem.Status
TONES = {
    Status.PENDING: "info",
    Status.CLAIMED: "info",
    Status.DONE: "success",
    Status.SKIPPED: "",
    Status.FAILED: "danger",
    Status.PARKED: "warning",
    Status.VOIDED: "danger",
    Status.LEFT_UNBILLED: "",
}
TROUBLED = [Status.FAILED, Status.PARKED, Status.VOIDED]
WAITING = [Status.PENDING, Status.CLAIMED]
REFRESH_SECONDS = 5


# --- what starting a run would do ---------------------------------------------------------------------------------


def preview_facts(period: BillingPeriod) -> list[tuple[str, Any]]:
    preview = preview_run(period=period)
    return [
        ("Month", month_text(period)),
        ("To be billed", _customers(preview)),
        ("Estimated total", _estimated(preview)),
        ("E-mails", _emails(preview)),
        *((f"Left alone: {state.lower()}", f"{count:,}") for state, count in preview.left_alone.items()),
        *((f"Not over yet for {who}", format_html("until {}", when(end))) for who, end in preview.not_over[:5]),
    ]


def _customers(preview: RunPreview) -> str:
    count = len(preview.billed)
    text = f"{count:,} {'customer' if count == 1 else 'customers'}"
    if preview.invoices is None or preview.invoices == count:
        return text
    return f"{text}, of whom {count - preview.invoices:,} used nothing"


def _estimated(preview: RunPreview) -> str:
    if preview.estimates is None:
        return "Not worked out for so many customers."
    return ", ".join(format_money(each.amount, each.currency) for each in preview.estimates) or EMPTY


def _emails(preview: RunPreview) -> str:
    if preview.invoices is None:
        return "Each invoice is e-mailed to its customer."
    if not preview.invoices:
        return "None"
    return "1 invoice is e-mailed" if preview.invoices == 1 else f"{preview.invoices:,} invoices are e-mailed"


def _chosen_month(request: HttpRequest) -> BillingPeriod:
    """What the form on the page has chosen, or what it offers first."""
    offered = [month for month, _name in ended_months()]
    chosen = request.POST.get("month") or request.GET.get("month", "")
    return BillingPeriod.parse(chosen if chosen in offered else offered[0])


def run_warnings(period: BillingPeriod) -> Iterable[str]:
    return preview_run(period=period).warnings


# --- pages ----------------------------------------------------------------------------------------------------------


class BillingRunItemInline(ReadOnlyInline):
    model = BillingRunItem
    fields = ("customer", "state", "invoice_link", "amount", "reason", "attempts")
    readonly_fields = fields
    row_link = "state"
    per_page = 50
    tab = False
    customer = link("organisation", "Customer")
    invoice_link = link("invoice")
    state = status("status", TONES, "State")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organisation", "invoice")

    @numeric
    @admin.display(description="Total")
    def amount(self, item: BillingRunItem) -> str:
        return _total_of(item.invoice)


def _total_of(invoice: Invoice | None) -> str:
    return EMPTY if invoice is None else format_money(invoice.total, invoice.currency)


@admin.register(BillingRun)
class BillingRunAdmin(ReadOnlyAdmin):
    """A run belongs to no organisation: starting one takes the permission for all of them."""

    empty_hint = "A billing run starts by itself on the first of each month, or with the button above."
    list_on_a_phone = ("name", "invoiced", "waiting", "troubled")
    list_display = ("name", "invoiced", "billed", "skipped", "waiting", "troubled", "started_by", "started")
    list_filter = ("period_start",)
    fields = ("name", "standing", "billed", "started_by", "created_at")
    inlines = (BillingRunItemInline,)

    started = short_time("created_at", "Started")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the counts and sums of the items that the user may see."""
        items = scoped(BillingRunItem.objects.all(), request)
        counts = {
            f"{state}_count": Count("items", filter=Q(items__in=items, items__status=state)) for state in Status.values
        }
        done = items.filter(run=OuterRef("pk"), status=Status.DONE).order_by("invoice__currency")
        sums = done.values("invoice__currency").annotate(total=Cast(Sum("invoice__total"), TextField()))
        in_each = sums.values_list(JSONObject(currency="invoice__currency", total="total"))
        return (
            super()
            .get_queryset(request)
            .annotate(**counts, sums=ArraySubquery(in_each), named=Value(names_people(request.user)))
        )

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """While workers process items the page reloads itself."""
        response = super().render_change_form(request, context, *args, **kwargs)
        if _count(kwargs["obj"], WAITING):
            response["Refresh"] = str(REFRESH_SECONDS)
        return response

    @list_action(
        label="Start billing run",
        permission="invoicing.start_billingrun",
        form=EndedMonthForm,
        confirm="Every active customer's month is drafted, finalized and e-mailed; what was billed is left alone.",
        facts=lambda request, _none: preview_facts(_chosen_month(request)),
        warnings=lambda request, _none: run_warnings(_chosen_month(request)),
        icon="play_arrow",
    )
    def start(self, request: HttpRequest, *, month: BillingPeriod) -> HttpResponse:
        run = billing_run.start_billing_run(period=month, requested_by=_name_of(request))
        self.log_addition(request, run, "Started.")
        return self.done(request, f"The billing run of {month_text(month)} is under way.", run)

    @object_action(
        label="Continue",
        permission="invoicing.start_billingrun",
        when=lambda run: bool(billing_run.left_to_do(period=run.period)),
        confirm="Customers that failed are tried again, voided months billed again, and missing customers added.",
        facts=lambda _request, run: preview_facts(run.period),
        warnings=lambda _request, run: run_warnings(run.period),
        icon="replay",
    )
    def carry_on(self, request: HttpRequest, run: BillingRun) -> str:
        billing_run.start_billing_run(period=run.period, requested_by=_name_of(request))
        return "The run goes on."

    @admin.display(description="Month", ordering="period_start")
    def name(self, run: BillingRun) -> str:
        return f"{month_text(run.period_start)}"

    @numeric
    @admin.display(description="Invoiced")
    def invoiced(self, run: Any) -> str:
        return f"{run.done_count:,}"

    @numeric
    @admin.display(description="Billed")
    def billed(self, run: Any) -> str:
        """The total of the run's live invoices, tax included, for each currency."""
        return ", ".join(format_money(Decimal(row["total"]), row["currency"]) for row in run.sums) or EMPTY

    @numeric
    @admin.display(description="No usage")
    def skipped(self, run: Any) -> str:
        return f"{run.skipped_count:,}"

    @numeric
    @admin.display(description="Waiting")
    def waiting(self, run: Any) -> Any:
        count = _count(run, WAITING)
        return badge(f"{count:,}", "info") if count else EMPTY

    @numeric
    @admin.display(description="To look at")
    def troubled(self, run: Any) -> Any:
        count = _count(run, TROUBLED)
        return badge(f"{count:,}", "danger") if count else EMPTY

    @admin.display(description="Started or continued by", ordering="requested_by")
    def started_by(self, run: Any) -> str:
        return requester(run, named=run.named)

    @admin.display(description="Where it stands")
    def standing(self, run: Any) -> Any:
        counted = [(state.label, f"{_count(run, [state]):,}") for state in Status if _count(run, [state])]
        return facts(counted, numbers=True) if counted else EMPTY


def _count(run: Any, states: Iterable[Status]) -> int:
    return sum(getattr(run, f"{state}_count") for state in states)


def _name_of(request: HttpRequest) -> str:
    user: Any = request.user
    return str(user.get_full_name() or user.get_username())


class ReasonForm(ActionForm):
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), help_text="Stored with the item.")


AttentionFilter = attention_filter(unbilled=("Without a live invoice", lambda items, _user: items.unbilled()))


def item_facts(_request: HttpRequest, item: BillingRunItem) -> list[tuple[str, Any]]:
    """The customer, the reason of the item's status, and the total that billing would give now."""
    preview = preview_run(period=item.run.period, organisations=[item.organisation])
    return [
        ("Customer", item.organisation.name),
        ("Month", month_text(item.run.period_start)),
        ("State", item.get_status_display()),
        ("Reason", item.reason),
        ("Estimated total", _estimated(preview)),
    ]


@admin.register(BillingRunItem)
class BillingRunItemAdmin(ReadOnlyAdmin):
    empty_hint = "A billing run has an item for each customer."
    list_on_a_phone = ("customer", "month", "state", "invoice_link")
    list_display = ("customer", "month", "state", "invoice_link", "reason", "attempts", "finished")
    list_display_links = ("month",)
    list_filter = (AttentionFilter, "status", "organisation", "run__period_start")
    search_fields = ("organisation__name", "reason")
    list_select_related = ("run", "organisation", "invoice")
    ordering = ("-run__period_start", "organisation__name")
    fieldsets = ((None, {"fields": ("run", "organisation", "state", "invoice", "reason", "finished_at")}), WORK)

    customer = link("organisation", "Customer")
    invoice_link = link("invoice")
    state = status("status", TONES, "State")
    finished = short_time("finished_at", "Finished")
    work = work_column()
    retry = try_now_action(
        name="retry",
        permission="invoicing.retry_billingrunitem",
        may=lambda item: item.status in (Status.FAILED, Status.PARKED),
        service=lambda pk: billing_run.retry_item(item_id=pk),
        facts=item_facts,
    )

    @object_action(
        label="Bill again",
        permission="invoicing.retry_billingrunitem",
        when=lambda item: item.status in (Status.VOIDED, Status.LEFT_UNBILLED),
        confirm="The month is drafted, finalized and e-mailed with a new number; the void invoice stays as it is.",
        facts=item_facts,
        icon="replay",
    )
    def bill_again(self, request: HttpRequest, item: BillingRunItem) -> str:
        billing_run.retry_item(item_id=item.pk)
        return "The month is billed again as soon as a worker is free."

    @object_action(
        label="Leave unbilled",
        permission="invoicing.leave_unbilled_billingrunitem",
        when=lambda item: item.status == Status.VOIDED,
        form=ReasonForm,
        confirm="The month stays without an invoice, and no longer needs attention. It can still be billed again.",
        facts=item_facts,
        danger=True,
        icon="money_off",
    )
    def leave_unbilled(self, request: HttpRequest, item: BillingRunItem, *, reason: str) -> str:
        billing_run.leave_unbilled(item_id=item.pk, reason=reason)
        return "The month is left unbilled."

    @admin.display(description="Month", ordering="run__period_start")
    def month(self, item: BillingRunItem) -> str:
        return month_text(item.run.period_start)
