"""Metrics: what is counted, and how values become one number."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest

from billing_platform.lib.admin import ModelAdmin, badge, short_time
from events.models import Metric
from events.services import metrics


@admin.register(Metric)
class MetricAdmin(ModelAdmin):
    list_display = ("name", "unit", "aggregation", "scope", "origin", "created")
    list_filter = ("organisation", "aggregation", "registered_automatically")
    search_fields = ("name", "unit", "description")
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    fields = ("organisation", "name", "unit", "aggregation", "unique_property", "dimensions", "description")
    related_lists = (
        ("Usage", "events.usageaggregate", "metric"),
        ("Events", "events.usageevent", "metric__id__exact"),
    )

    created = short_time("created_at", "Created")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What was counted under a name stays so. How to count what usage brought along is still to be said."""
        if obj is None:
            return ()
        named = ("organisation", "name", "unit")
        return named if obj.registered_automatically else (*named, "aggregation", "unique_property")

    def save_model(self, request: HttpRequest, obj: Metric, form: Any, change: bool) -> None:
        metrics.save_definition(metric=obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Each with the unit that an operator gave its name, if that is another."""
        defined = Metric.objects.filter(
            Q(organisation=OuterRef("organisation")) | Q(organisation__isnull=True),
            name=OuterRef("name"),
            registered_automatically=False,
        ).exclude(unit=OuterRef("unit"))
        return super().get_queryset(request).annotate(defined_unit=Subquery(defined.values("unit")[:1]))

    @admin.display(description="Known to", ordering="organisation__name")
    def scope(self, metric: Metric) -> str:
        return str(metric.organisation or "Every organisation")

    @admin.display(description="Origin", ordering="registered_automatically")
    def origin(self, metric: Metric) -> Any:
        if not metric.registered_automatically:
            return badge("Operator")
        return badge(f"Defined in {metric.defined_unit}" if metric.defined_unit else "From an event", "warning")
