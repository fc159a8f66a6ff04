"""The pages of billing runs: start a run, watch its progress, retry failed items."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, IntegerField, OuterRef, Q, Sum, TextField, Value, When
from django.db.models.functions import Cast, JSONObject
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    badge,
    link,
    list_action,
    numeric,
    object_action,
    object_page,
    scoped,
    short_time,
    status,
)
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import EMPTY, admin_url
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.number_formats import format_money, format_number
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.runs.billing_item import TONES
from invoicing.admin.runs.month_end import MonthEndPages
from invoicing.admin.runs.months import EndedMonthForm
from invoicing.admin.runs.run_preview import chosen_month, preview_facts, run_warnings
from invoicing.models import BillingRun, BillingRunItem, Invoice, ReviewItem
from invoicing.selectors.billing_runs import names_people, requester, run_pace, run_progress
from invoicing.services.runs import billing_run

Status = BillingRunItem.Status
TROUBLED = [Status.FAILED, Status.APPROVAL, Status.PARKED, Status.VOIDED]
WAITING = [Status.PENDING, Status.CLAIMED]
ATTENTION_FIRST = [
    *TROUBLED, *WAITING, Status.DRAFTED, Status.LEFT_UNBILLED, Status.DONE, Status.SKIPPED,
]  # fmt: skip


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
        """What waits for a person comes first, what is finished last."""
        place = Case(
            *(When(status=state, then=n) for n, state in enumerate(ATTENTION_FIRST)), output_field=IntegerField()
        )
        items = super().get_queryset(request).select_related("organisation", "invoice")
        return items.order_by(place, "organisation__name")

    @numeric
    @admin.display(description="Total")
    def amount(self, item: BillingRunItem) -> str:
        return _total_of(item.invoice)


def _total_of(invoice: Invoice | None) -> str:
    if invoice is None:
        return EMPTY
    return format_html('<span class="nowrap">{}</span>', format_money(invoice.total, invoice.currency))


@admin.register(BillingRun)
class BillingRunAdmin(MonthEndPages, ReadOnlyAdmin):
    """A run belongs to no organisation: starting one takes the permission for all of them."""

    empty_hint = "A billing run starts by itself on the first of each month, or with the button above."
    list_on_a_phone = ("name", "invoiced", "waiting", "troubled")
    list_display = ("name", "invoiced", "billed", "skipped", "waiting", "troubled", "started_by", "started")
    list_filter = ("period_start",)
    fields = ("progress", "name", "billed", "started_by", "created_at")
    inlines = (BillingRunItemInline,)
    related_lists = ((BillingRunItem, "run__id__exact"), (ReviewItem, "run__id__exact"))

    class Media:
        js = ("billing_platform/run_progress.js",)

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

    def get_urls(self) -> list[URLPattern]:
        """The progress alone, which the open page asks for again and again."""
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<path:object_id>/progress/", view, name="invoicing_billingrun_progress"), *super().get_urls()]

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        run = self.get_object(request, unquote(object_id))
        if run is None:
            raise Http404
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return HttpResponse(progress_panel(run, request.user))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        run = super().get_object(request, object_id, from_field)
        if run is not None:
            run.seen_by = request.user
        return run

    @list_action(
        label="Start billing run",
        permission="invoicing.start_billingrun",
        form=EndedMonthForm,
        confirm="Every active customer's month is drafted, finalized and e-mailed; what was billed is left alone.",
        facts=lambda request, _none: preview_facts(request, chosen_month(request)),
        warnings=lambda request, _none: run_warnings(request, chosen_month(request)),
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
        facts=lambda request, run: preview_facts(request, run.period),
        warnings=lambda request, run: run_warnings(request, run.period),
        icon="replay",
    )
    def carry_on(self, request: HttpRequest, run: BillingRun) -> str:
        billing_run.start_billing_run(period=run.period, requested_by=_name_of(request))
        return "The run goes on."

    @object_action(
        label="Retry failed",
        permission="invoicing.start_billingrun",
        when=lambda run: run.items.filter(status=Status.FAILED).exists(),
        confirm="Only customers that failed are tried again; everything else stays as it is.",
        facts=lambda _request, run: failed_facts(run),
        icon="restart_alt",
    )
    def retry_failed(self, request: HttpRequest, run: BillingRun) -> str:
        count = billing_run.retry_failed(run_id=run.pk)
        return f"{count:,} {'customer is' if count == 1 else 'customers are'} tried again."

    @object_page(
        label="Discard all drafts",
        permission="invoicing.create_invoice",
        when=lambda run: run.items.filter(status__in=billing_run.DISCARDABLE, invoice__status="draft").exists(),
        icon="delete_sweep",
    )
    def discard_drafts(self, request: HttpRequest, run: BillingRun) -> HttpResponse:
        """Leads to what its list does to many of its customers. Of a run that still works some would be left out."""
        if waiting := run.items.open().count():
            who = "1 customer waits" if waiting == 1 else f"{waiting:,} customers wait"
            messages.error(request, f"The run is still at work, and {who}: discard its drafts once it has ended.")
            return HttpResponseRedirect(admin_url(run))
        url = reverse("admin:invoicing_billingrunitem_list_action", args=["discard_drafts_many"])
        return HttpResponseRedirect(f"{url}?run__id__exact={run.pk}")

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

    @admin.display(description="Progress")
    def progress(self, run: Any) -> Any:
        return progress_panel(run, run.seen_by)


def progress_panel(run: BillingRun, user: Any) -> str:
    """How far the run is, of the customers that a user may see, with links to each kind of result."""
    progress = run_progress(run=run, actor=user)
    pace = run_pace(run=run, progress=progress, actor=user)
    results = [
        {"label": state.label, "count": f"{getattr(progress, state.value):,}", "url": results_url(run, state)}
        for state in Status
        if getattr(progress, state.value)
    ]
    context = {
        "progress": progress,
        "results": results,
        "pace": "" if pace.per_second is None else f"{format_number(pace.per_second)} customers a second",
        "left": "" if pace.seconds_left is None else f"about {duration_text(pace.seconds_left)} left",
        "url": reverse("admin:invoicing_billingrun_progress", args=[run.pk]),
    }
    return render_to_string("admin/invoicing/run_progress.html", context)


def results_url(run: BillingRun, state: Status) -> str:
    """The list of the run's customers in a state; for the parked ones the list to review them in."""
    if state == Status.PARKED:
        return list_address(ReviewItem, run__id__exact=str(run.pk))
    return list_address(BillingRunItem, run__id__exact=str(run.pk), status__exact=state.value)


def duration_text(seconds: int) -> str:
    """12 s, 3 min, 2 h 5 min."""
    minutes = -(-seconds // 60)
    if seconds < 60:
        return f"{seconds} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def failed_facts(run: BillingRun) -> list[tuple[str, Any]]:
    """How many failed, and why: the most frequent reasons first."""
    failed = run.items.filter(status=Status.FAILED)
    reasons = failed.order_by().values_list("reason").annotate(count=Count("pk")).order_by("-count", "reason")
    return [("Failed", f"{failed.count():,}"), *((f"{count:,} of them", reason) for reason, count in reasons[:5])]


def _count(run: Any, states: Iterable[Status]) -> int:
    return sum(getattr(run, f"{state}_count") for state in states)


def _name_of(request: HttpRequest) -> str:
    user: Any = request.user
    return str(user.get_full_name() or user.get_username())
