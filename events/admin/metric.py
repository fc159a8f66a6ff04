"""Metrics: what is counted, and how values become one number."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest

from billing_platform.lib.admin.base import ModelAdmin, badge, short_time
from billing_platform.lib.admin.inputs import Textarea
from events.models import Metric, UsageAggregate, UsageEvent
from events.services import metrics


class KeysField(forms.CharField):
    """Metadata keys, one a line: keys are printable, so no key is torn apart."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [key for line in (super().to_python(value) or "").splitlines() if (key := line.strip())]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(self.prepare_value(initial)) != self.to_python(data))


@admin.register(Metric)
class MetricAdmin(ModelAdmin):
    empty_hint = "A metric is added here, or by itself with the first event that names it."
    list_on_a_phone = ("name", "unit", "aggregation", "scope")
    list_display = ("name", "unit", "display_name", "aggregation", "scope", "origin", "created")
    list_filter = ("organisation", "aggregation", "registered_automatically")
    search_fields = ("name", "unit", "display_name", "description")
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    fieldsets = (
        (None, {"fields": ("organisation", "name", "unit")}),
        ("In front of people", {"fields": metrics.WORDS}),
        ("Counting", {"fields": ("aggregation", "unique_property", "dimensions", "description")}),
        (
            "Pricing in another unit",
            {
                "description": "A month's quantity of each project and combination of dimensions is multiplied, "
                "divided and rounded, and then priced. Once an invoice has usage of the metric, this stays as it is.",
                "fields": (
                    ("multiplier", "divisor"),
                    ("billed_unit", "billed_unit_plural"),
                    ("rounding", "rounding_places"),
                ),
            },
        ),
    )
    related_lists = (
        (UsageAggregate, "metric"),
        (UsageEvent, "metric__id__exact"),
    )

    created = short_time("created_at", "Created")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A metric keeps its name and unit, and its aggregation once an operator has chosen it. A metric that usage
        registered automatically has no chosen aggregation yet."""
        if obj is None:
            return ()
        named = ("organisation", "name", "unit")
        return named if obj.registered_automatically else (*named, "aggregation", "unique_property")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "dimensions":
            return KeysField(
                required=False,
                widget=Textarea(attrs={"rows": 3}),
                help_text="Metadata keys that usage is broken down by, from now on; one a line, such as region. "
                "A greatest, latest or different value is then one of each combination.",
            )
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "aggregation":
            field.help_text = (
                "Of a level, the metadata of events says whether to add the value or to take it off: operation is add "
                "or remove. It is counted in unit-hours, such as GB-hours, and carried over from month to month."
            )
        if db_field.name == "unique_property":
            field.help_text = "Only where different values are counted: the metadata key, such as user_id."
        return field

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
        return str(metric.organisation or "Every customer")

    @admin.display(description="Origin", ordering="registered_automatically")
    def origin(self, metric: Any) -> Any:
        if not metric.registered_automatically:
            return badge("Operator")
        return badge(f"Defined in {metric.defined_unit}" if metric.defined_unit else "From an event", "warning")
