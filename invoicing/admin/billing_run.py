"""The monthly run: start it, watch it, try again what failed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    badge,
    link,
    list_action,
    numeric,
    object_action,
    scoped,
    short_time,
    status,
)
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.months import MonthForm
from invoicing.models import BillingRun, BillingRunItem
from invoicing.services import billing_run

Status = BillingRunItem.Status
TONES = {
    Status.PENDING: "info",
    Status.CLAIMED: "info",
    Status.DONE: "success",
    Status.SKIPPED: "",
    Status.FAILED: "danger",
    Status.PARKED: "warning",
}


class BillingRunItemInline(ReadOnlyInline):
    model = BillingRunItem
    fields = ("customer", "state", "invoice_link", "reason", "attempts")
    readonly_fields = fields
    per_page = 50
    tab = False
    customer = link("organisation", "Customer")
    invoice_link = link("invoice")
    state = status("status", TONES, "State")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organisation", "invoice")


@admin.register(BillingRun)
class BillingRunAdmin(ReadOnlyAdmin):
    """A run belongs to no organisation: starting one takes the permission for all of them."""

    empty_hint = "A billing run starts by itself on the first of each month, or with the button above."
    list_on_a_phone = ("name", "invoiced", "waiting", "troubled")
    list_display = ("name", "invoiced", "skipped", "waiting", "troubled", "requested_by", "started")
    list_filter = ("period_start",)
    fields = ("name", "requested_by", "created_at")
    inlines = (BillingRunItemInline,)

    started = short_time("created_at", "Started")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the counts of the items that the user may see."""
        visible = Q(items__in=scoped(BillingRunItem.objects.all(), request))
        return (
            super()
            .get_queryset(request)
            .annotate(
                done_count=Count("items", filter=visible & Q(items__status=Status.DONE)),
                skipped_count=Count("items", filter=visible & Q(items__status=Status.SKIPPED)),
                waiting_count=Count("items", filter=visible & Q(items__status__in=[Status.PENDING, Status.CLAIMED])),
                troubled_count=Count("items", filter=visible & Q(items__status__in=[Status.FAILED, Status.PARKED])),
            )
        )

    @list_action(
        label="Start billing run",
        permission="invoicing.start_billingrun",
        form=MonthForm,
        confirm="Every active customer's month is drafted and finalized; what was billed is not billed again.",
        icon="play_arrow",
    )
    def start(self, request: HttpRequest, *, month: BillingPeriod) -> HttpResponse:
        run = billing_run.start_billing_run(period=month, requested_by="Admin")
        self.log_addition(request, run, "Started.")
        return self.done(request, f"The billing run of {month_text(month)} is under way.", run)

    @object_action(
        label="Continue",
        permission="invoicing.start_billingrun",
        confirm="Customers that failed are tried again and missing ones added; what is done stays as it is.",
        icon="replay",
    )
    def carry_on(self, request: HttpRequest, run: BillingRun) -> str:
        billing_run.start_billing_run(period=run.period, requested_by="Admin")
        return "The run goes on."

    @admin.display(description="Month", ordering="period_start")
    def name(self, run: BillingRun) -> str:
        return f"{month_text(run.period_start)}"

    @numeric
    @admin.display(description="Invoiced")
    def invoiced(self, run: Any) -> Any:
        return run.done_count

    @numeric
    @admin.display(description="No usage")
    def skipped(self, run: Any) -> Any:
        return run.skipped_count

    @numeric
    @admin.display(description="Waiting")
    def waiting(self, run: Any) -> Any:
        return badge(str(run.waiting_count), "info") if run.waiting_count else "–"

    @numeric
    @admin.display(description="Failed or parked")
    def troubled(self, run: Any) -> Any:
        return badge(str(run.troubled_count), "danger") if run.troubled_count else "–"


@admin.register(BillingRunItem)
class BillingRunItemAdmin(ReadOnlyAdmin):
    empty_hint = "A billing run has an item for each customer."
    list_on_a_phone = ("customer", "month", "state", "invoice_link")
    list_display = ("customer", "month", "state", "invoice_link", "reason", "attempts", "finished")
    list_display_links = ("month",)
    list_filter = ("status", "organisation", "run__period_start")
    search_fields = ("organisation__name", "reason")
    list_select_related = ("run", "organisation", "invoice")
    ordering = ("-run__period_start", "organisation__name")
    fields = ("run", "organisation", "state", "invoice", "reason", "attempts", "claimed_at", "finished_at")

    customer = link("organisation", "Customer")
    invoice_link = link("invoice")
    state = status("status", TONES, "State")
    finished = short_time("finished_at", "Finished")

    @object_action(
        label="Try again",
        permission="invoicing.retry_billingrunitem",
        when=lambda item: item.status in (Status.FAILED, Status.PARKED),
        confirm="The customer's month is drafted and finalized again.",
        icon="replay",
    )
    def retry(self, request: HttpRequest, item: BillingRunItem) -> str:
        billing_run.retry_item(item_id=item.pk)
        return "The item waits for a worker again."

    @admin.display(description="Month", ordering="run__period_start")
    def month(self, item: BillingRunItem) -> str:
        return month_text(item.run.period_start)
