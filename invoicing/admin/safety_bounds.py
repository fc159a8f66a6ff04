"""Customers whose months may be larger, smaller or longer than others' before somebody looks at them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import ModelAdmin, link, number, numeric
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.number_formats import format_money
from invoicing.models import SafetyBounds
from invoicing.services.safety_bounds import reset_safety_bounds, set_safety_bounds


@admin.register(SafetyBounds)
class SafetyBoundsAdmin(ModelAdmin):
    empty_hint = "Every customer has the default bounds. One gets its own here, or by Raise bounds on a parked month."
    deletable = True
    list_on_a_phone = ("customer", "times", "limit", "reason")
    list_display = ("customer", "times", "lines", "limit", "reason")
    list_display_links = ("times",)
    list_filter = ("organisation",)
    list_select_related = ("organisation",)
    search_fields = ("organisation__name", "reason")
    fields = ("organisation", "times", "lines", "most", "reason")

    customer = link("organisation", "Customer")
    times = number("times", "Times the usual")
    lines = number("lines", "Lines")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("organisation",) if obj is not None else ()

    def create(self, request: HttpRequest, values: dict[str, Any]) -> SafetyBounds:
        return set_safety_bounds(**values)

    def update(self, request: HttpRequest, obj: SafetyBounds, changes: dict[str, Any]) -> None:
        set_safety_bounds(
            organisation=obj.organisation, reason=obj.reason, times=obj.times, lines=obj.lines, most=obj.most
        )

    def delete_model(self, request: HttpRequest, obj: SafetyBounds) -> None:
        reset_safety_bounds(organisation=obj.organisation)

    @numeric
    @admin.display(description="Largest total", ordering="most")
    def limit(self, bounds: SafetyBounds) -> str:
        return EMPTY if bounds.most is None else format_money(bounds.most, bounds.organisation.currency)
