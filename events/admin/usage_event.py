"""The ledger, newest first: every event that was counted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin import InfinitePaginator, ReadOnlyAdmin, badge, link, short_time
from events import selectors
from events.admin.usage_aggregate import amount_of
from events.admin.usage_correction import CorrectingMixin
from events.models import UsageEvent

NEWEST = 100_000
"""The ledger has no index by time: an unfiltered page looks at its newest rows, through the block index on `id`."""

NARROWING = ("organisation__id__exact", "project__id__exact", "q", "batch_id")


@admin.register(UsageEvent)
class UsageEventAdmin(CorrectingMixin, ReadOnlyAdmin):
    list_display = ("event_id", "received", "project_link", "metric_link", "amount", "occurred", "remark")
    list_filter = ("organisation", "project", "metric", "is_late", "kind", "received_at")
    search_fields = ("event_id__exact",)
    search_help_text = "The whole event id."
    list_select_related = ("project__organisation", "metric")
    ordering = ("-id",)
    paginator = InfinitePaginator
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("event_id", "organisation", "project", "metric", "amount", "kind")}),
        ("Time", {"fields": ("occurred_at", "received_at", "hour", "usage_month", "is_late")}),
        ("Sent with it", {"fields": ("dimensions", "metadata")}),
        ("In the ledger", {"fields": ("entries",)}),
        ("Came in", {"fields": ("batch", "position")}),
    )

    received = short_time("received_at", "Received")
    occurred = short_time("occurred_at", "Happened")
    project_link = link("project")
    metric_link = link("metric")

    def get_queryset(self, request: HttpRequest) -> Any:
        events = super().get_queryset(request)
        view = request.resolver_match and request.resolver_match.url_name
        is_list = view == "events_usageevent_changelist"
        if is_list and not any(request.GET.get(name) for name in NARROWING):
            events = events.filter(pk__gt=selectors.ledger_position() - NEWEST)
        return events

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        drill_down = ("hour", "usage_month", "received_month__gte", "batch_id")
        return lookup in drill_down or super().lookup_allowed(lookup, value, request)

    @admin.display(description="Quantity")
    def amount(self, event: UsageEvent) -> str:
        return amount_of(event.quantity, event.metric)

    @admin.display(description="Remark")
    def remark(self, event: UsageEvent) -> Any:
        if event.kind != UsageEvent.Kind.USAGE:
            return badge(event.get_kind_display(), "info")
        return badge("Late", "warning") if event.is_late else "–"
