"""Billing months: open for usage, or closed for ever."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import ReadOnlyAdmin, badge, link, object_action, short_time
from billing_platform.lib.dates_in_words import month_text
from events.models import UsagePeriod
from events.services import months


@admin.register(UsagePeriod)
class UsagePeriodAdmin(ReadOnlyAdmin):
    empty_hint = "A customer's month stands here from its first event."
    list_display = ("name", "customer", "state", "closed", "closed_by")
    list_filter = ("organisation", "month")
    list_select_related = ("organisation",)
    fields = ("organisation", "month", "state", "closed_at", "closed_by")

    customer = link("organisation", "Customer")
    closed = short_time("closed_at", "Closed")

    @object_action(
        label="Close month",
        permission="events.close_usageperiod",
        when=lambda usage_period: not usage_period.is_closed,
        confirm="Usage that arrives for it later is billed with the next month. Issuing its invoice closes it too.",
        danger=True,
        icon="lock",
    )
    def close(self, request: HttpRequest, usage_period: UsagePeriod) -> str:
        months.close_period(
            organisation=usage_period.organisation,
            period=usage_period.period,
            closed_by=request.user.get_username(),
        )
        return "The month is closed."

    @admin.display(description="Month", ordering="month")
    def name(self, usage_period: UsagePeriod) -> str:
        return month_text(usage_period.month)

    @admin.display(description="State", ordering="closed_at")
    def state(self, usage_period: UsagePeriod) -> Any:
        return badge("Closed") if usage_period.is_closed else badge("Open", "success")
