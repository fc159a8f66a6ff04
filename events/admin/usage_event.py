"""The ledger, newest first: every event that was counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.timezone import localtime

from billing_platform.lib.admin.base import ReadOnlyAdmin, badge, facts, link, numeric, short_time
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.listing import AT_A_TIME
from billing_platform.lib.dates_in_words import day_text, month_text
from events.admin.ledger_list import (
    BatchFilter,
    DimensionsFilter,
    HappenedFilter,
    LedgerResults,
    ReceivedFilter,
    UsageMonthFilter,
    by_event_id,
)
from events.admin.quantity import amount_of
from events.admin.usage_correction import CorrectingMixin, month_of
from events.models import UsageEvent
from events.selectors import ledger_pages
from events.selectors.entries import ledger_entries, original_of


@admin.register(UsageEvent)
class UsageEventAdmin(CorrectingMixin, ReadOnlyAdmin):
    empty_hint = "Events come from projects, through the API: an API key is all that a program needs."
    list_on_a_phone = ("name", "project_link", "metric_link", "amount", "occurred")
    list_display = ("name", "received", "project_link", "metric_link", "amount", "occurred", "remark")
    list_filter = (
        "organisation",
        "project",
        "metric",
        HappenedFilter,
        DimensionsFilter,
        "is_late",
        UsageMonthFilter,
        "kind",
        ("received_at", ReceivedFilter),
        BatchFilter,
    )
    search_fields = ("event_id",)
    search_help_text = "The whole event id."
    counts_rows = False
    list_select_related = ("project__organisation", "metric")
    sortable_by = ()
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("event_id", "organisation", "project", "metric", "amount", "kind", "counts_now")}),
        ("Time", {"fields": ("occurred_at", "received_at", "hour", "month", "counted_on")}),
        ("Sent with it", {"fields": ("dimensions_shown", "metadata")}),
        ("In the ledger", {"fields": ("entries",)}),
        ("Came in", {"fields": ("batch", "position")}),
    )

    received = short_time("received_at", "Received")
    occurred = short_time("occurred_at", "Happened")
    project_link = link("project")
    metric_link = link("metric")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return type("LedgerList", (LedgerResults, super().get_changelist(request, **kwargs)), {})

    def rows_to_export(self, changelist: Any) -> Iterator[UsageEvent]:
        """Page by page, as the list is read: nobody sorts the ledger."""
        if changelist.query:
            yield from changelist.queryset
            return
        before: int | None = None
        while True:
            page = ledger_pages.page_before(changelist.queryset, size=AT_A_TIME, before=before)
            yield from page.events
            if not page.older:
                return
            before = page.older

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return (by_event_id(queryset, request, search_term) if search_term else queryset), False

    @numeric
    @admin.display(description="Quantity")
    def amount(self, event: UsageEvent) -> str:
        return amount_of(event.quantity, event.metric)

    @admin.display(description="Counts now")
    def counts_now(self, event: UsageEvent) -> str:
        """What the event, or the one that this entry corrects, counts after all its corrections."""
        entries = ledger_entries(original_of(event))
        last, current = entries[-1].correction, next((entry.row for entry in entries if entry.is_current), None)
        day = day_text(localtime(last.created_at)) if last else ""
        if current is None:
            return f"Nothing: void since {day}"
        amount = amount_of(current.quantity, event.metric)
        return format_html("{}, corrected {}", amount, day) if last else amount

    @admin.display(description="Counted in")
    def month(self, event: UsageEvent) -> Any:
        return month_of(event.counted_in, event.is_late)

    @admin.display(description="Dimensions")
    def dimensions_shown(self, event: UsageEvent) -> Any:
        return facts(sorted(event.dimensions.items())) if event.dimensions else EMPTY

    @admin.display(description="Remark")
    def remark(self, event: UsageEvent) -> Any:
        if event.kind != UsageEvent.Kind.USAGE:
            return badge(event.get_kind_display(), "info")
        return badge(f"Late, in {month_text(event.counted_in)}", "warning") if event.is_late else EMPTY
