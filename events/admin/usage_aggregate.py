"""Usage by hour, project and metric, with the way down to the events behind each number."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin import InfinitePaginator, ReadOnlyAdmin, link, short_time
from billing_platform.lib.admin_display import bars
from events import selectors
from events.models import Metric, UsageAggregate

SUMMED_BY_DEFAULT = 30


@admin.register(UsageAggregate)
class UsageAggregateAdmin(ReadOnlyAdmin):
    list_display = (
        "starts",
        "project_link",
        "metric_link",
        "dimensions_text",
        "quantity",
        "event_count",
        "month",
        "events",
    )
    list_display_links = ("starts",)
    list_filter = ("organisation", "project", "metric", "hour", "usage_month")
    list_select_related = ("project__organisation", "metric")
    ordering = ("-hour", "-id")
    paginator = InfinitePaginator
    show_full_result_count = False
    fields = (
        "organisation",
        "project",
        "metric",
        "dimensions",
        "hour",
        "month",
        "quantity",
        "event_count",
        "events",
    )

    list_before_template = "admin/events/usage_summary.html"

    starts = short_time("hour", "Hour")
    project_link = link("project")
    metric_link = link("metric")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist:
            response.context_data |= self._summary(changelist)
        return response

    def _summary(self, changelist: Any) -> dict[str, Any]:
        rows = changelist.queryset.select_related(None)
        if not changelist.has_active_filters:
            first = clock.today("UTC") - timedelta(days=SUMMED_BY_DEFAULT - 1)
            rows = rows.filter(hour__gte=datetime.combine(first, time.min, tzinfo=UTC))
        days = selectors.counted_by_day(aggregates=rows)
        return {
            "summary_of": "of the chosen hours" if changelist.has_active_filters else "of the last 30 days",
            "bars": bars([(f"{day.day:%d %b}", day.event_count) for day in days]),
            "totals": [
                {
                    "metric_name": total.metric_name,
                    "shown": f"{plain(total.quantity)} {total.unit}",
                    "events": f"{total.event_count:,}",
                }
                for total in selectors.metric_totals(aggregates=rows)
            ],
        }

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup in ("hour", "usage_month") or super().lookup_allowed(lookup, value, request)

    @admin.display(description="Dimensions")
    def dimensions_text(self, row: UsageAggregate) -> str:
        return ", ".join(f"{key}={value}" for key, value in sorted(row.dimensions.items())) or "–"

    @admin.display(description="Quantity")
    def quantity(self, row: UsageAggregate) -> str:
        counted = row.event_count if row.metric.aggregation == Metric.Aggregation.COUNT else row.total
        return amount_of(counted, row.metric)

    @admin.display(description="Billed in", ordering="usage_month")
    def month(self, row: UsageAggregate) -> str:
        return f"{row.usage_month:%b %Y}"

    @admin.display(description="Events")
    def events(self, row: UsageAggregate) -> str:
        """The ledger is cut by month of receipt, and nothing is received much before it happens."""
        query = {
            "organisation__id__exact": row.organisation_id,
            "project__id__exact": row.project_id,
            "metric__id__exact": row.metric_id,
            "hour": row.hour.isoformat(),
            "usage_month": row.usage_month.isoformat(),
            "received_month__gte": (row.hour - timedelta(days=1)).date().replace(day=1).isoformat(),
        }
        url = f"{reverse('admin:events_usageevent_changelist')}?{urlencode(query)}"
        return format_html('<a class="text-link whitespace-nowrap" href="{}">Show events</a>', url)


def amount_of(number: Any, metric: Metric) -> str:
    return format_html('<span class="whitespace-nowrap tabular-nums">{} {}</span>', plain(number), metric.unit)


def plain(number: Any) -> str:
    """A quantity without trailing zeros: 1,234.5."""
    text = f"{number:,f}" if not isinstance(number, int) else f"{number:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text
