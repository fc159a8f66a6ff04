"""The history of alerts, the open ones first; and the button that says that somebody looks after one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import (
    QuickFilter,
    ReadOnlyAdmin,
    link,
    object_action,
    short_time,
    status,
)
from events import bulk_verbs
from events.models import Alert
from events.services.alerting.acknowledging import acknowledge
from organisations.admin.bulk import bulk_action

State = Alert.State
TONES = {State.FIRING: "danger", State.ACKNOWLEDGED: "warning", State.RECOVERED: "success", State.OVER: ""}


class StateFilter(QuickFilter):
    title = "state"
    parameter_name = "state__exact"
    all_option = ("", "Open")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(State.FIRING, "Firing"), (State.RECOVERED, "Recovered"), (State.OVER, "Period over"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value == "all":
            return queryset
        return queryset.filter(state=value) if value in TONES else queryset.filter(ended_at__isnull=True)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    empty_hint = "What an alert rule notices stands here, with whom it told and how it ended."
    list_on_a_phone = ("what", "state_now", "customer")
    list_display = ("what", "state_now", "customer", "rule_link", "notice_now", "fired", "acknowledged_by", "ended")
    list_filter = (StateFilter, "organisation", "rule", "notice", "fired_at")
    search_fields = ("sentence", "rule__name", "organisation__name")
    list_select_related = ("organisation", "rule")
    fieldsets = (
        (None, {"fields": ("what", "state_now", "customer", "rule_link")}),
        ("Numbers", {"fields": ("value", "threshold", "quantity", "usual", "period_start", "period_end")}),
        (
            "What became of it",
            {"fields": ("notice_now", "fired_at", "acknowledged_at", "acknowledged_by", "ended_at", "value_at_end")},
        ),
    )

    customer = link("organisation", "Customer")
    rule_link = link("rule", "Rule")
    state_now = status("state", TONES, "State")
    notice_now = status("notice", {Alert.Notice.SENT: "info"}, "E-mail")
    fired = short_time("fired_at", "Fired")
    ended = short_time("ended_at", "Ended")

    @admin.display(description="What happened", ordering="sentence")
    def what(self, alert: Alert) -> str:
        return alert.sentence

    @object_action(
        label="Acknowledge",
        permission="events.acknowledge_alert",
        when=lambda alert: alert.state == State.FIRING,
        confirm="Others see that you look after it. The customer gets an e-mail when it recovers.",
        facts=lambda _request, alert: [("Customer", alert.organisation.name), ("What happened", alert.sentence)],
        icon="check_circle",
    )
    def acknowledge(self, request: HttpRequest, alert: Alert) -> str:
        acknowledge(alert_id=alert.pk, by=request.user.get_username())
        return "The alert is acknowledged."

    acknowledge_many = bulk_action(bulk_verbs.ACKNOWLEDGE)
