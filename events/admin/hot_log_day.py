"""Days of the hot log: accepted requests, the result of the verification, and whether the day is dropped."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html

from billing_platform.lib.admin.base import (
    DropdownFilter,
    ReadOnlyAdmin,
    badge,
    facts,
    numeric,
    object_action,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.number_formats import format_number
from billing_platform.lib.work.waking import wake_on_commit
from events.models import HotLogDay
from organisations import audit

State = HotLogDay.State
NUMBERS = ("batches", "events", "counted", "duplicates", "dead_lettered")
TONES = {State.WAITING: "info", State.DIFFERS: "danger", State.VERIFIED: "success", State.DROPPED: ""}
WHAT = {
    "EVENT_MISSING": "Event missing",
    "EVENT_DIFFERS": "Event counted otherwise",
    "EVENT_UNEXPECTED": "Counted, but not accepted",
    "BATCH_COUNTS": "Counts of a batch",
    "BATCH_DAMAGED": "Damaged batch",
    "DAY_COUNTS": "Counts of the day",
}


def count(field: str) -> Any:
    """A column of numbers that grow to many millions."""

    @numeric
    @admin.display(description=field.replace("_", "-").capitalize(), ordering=field)
    def show(_admin: Any, day: HotLogDay) -> str:
        return format_number(getattr(day, field))

    return show


class StateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"
    conditions = {
        "retained": ~Q(retained_because=""),
        State.WAITING: Q(verified_at__isnull=True, discrepancies=0),
        State.DIFFERS: Q(verified_at__isnull=True, discrepancies__gt=0),
        State.VERIFIED: Q(verified_at__isnull=False, dropped_at__isnull=True),
        State.DROPPED: Q(dropped_at__isnull=False),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("retained", "Retained past its time"), *((state.value, state.label) for state in State)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        condition = self.conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


@admin.register(HotLogDay)
class HotLogDayAdmin(ReadOnlyAdmin):
    empty_hint = "A day stands here once it is over and its accepted batches were compared with the ledger."
    list_on_a_phone = ("day_name", "state", "events_shown", "verified")
    list_display = (
        "day_name",
        "state",
        "retained",
        *(f"{name}_shown" for name in NUMBERS if name != "batches"),
        "verified",
        "dropped",
    )
    list_filter = (StateFilter, "day")
    ordering = ("-day",)
    fieldsets = (
        (None, {"fields": ("day_name", "state", "retained")}),
        ("Held", {"fields": tuple(f"{name}_shown" for name in NUMBERS)}),
        ("Checked", {"fields": ("checked_at", "checked_by", "verified_at", "discrepancies", "first_findings")}),
        ("Dropped", {"fields": ("dropped_at", "dropped_batches", "dropped_size", "written_off")}),
    )

    batches_shown, events_shown, counted_shown, duplicates_shown, dead_lettered_shown = map(count, NUMBERS)
    verified = short_time("verified_at", "Verified")
    dropped = short_time("dropped_at", "Dropped")

    @object_action(
        label="Verify again",
        permission="events.verify_hotlogday",
        when=lambda day: day.dropped_at is None,
        confirm="A worker compares every event of the day with the ledger and notes here what it finds. "
        "That takes about a minute for three million events, and stops nothing.",
        icon="fact_check",
    )
    def verify(self, request: HttpRequest, day: HotLogDay) -> str:
        audit.note(day, action=LogEntry.Action.ACCESS, reason="Verify again")
        wake_on_commit("events.tasks.verify_hot_log_day", day.day, request.user.get_username())
        return "A worker verifies the day; this page shows the outcome when it is done."

    @admin.display(description="Day (UTC)", ordering="day")
    def day_name(self, day: HotLogDay) -> str:
        return str(day)

    @admin.display(description="Retained because", ordering="retained_because")
    def retained(self, day: HotLogDay) -> str:
        return day.retained_because or EMPTY

    @admin.display(description="State")
    def state(self, day: HotLogDay) -> Any:
        return badge(day.state.label, TONES[day.state])

    @admin.display(description="Size")
    def dropped_size(self, day: HotLogDay) -> str:
        return filesizeformat(day.dropped_bytes)

    @admin.display(description="What the check found")
    def first_findings(self, day: HotLogDay) -> Any:
        if not day.findings:
            return "Nothing"
        return facts((WHAT.get(found["kind"], found["kind"]), _finding(found)) for found in day.findings)


def _finding(found: dict[str, str]) -> str:
    """Each discrepancy: its place, the expected value and the value found."""
    batch = ""
    if batch_id := found.get("batch_id"):
        url = reverse("admin:events_eventbatch_change", args=[batch_id])
        batch = format_html(' in batch <a class="text-link" href="{}">{}</a>', url, batch_id)
    return format_html(
        "{}{}<br>Expected: {}<br>Found: {}", found.get("event_id", ""), batch, found["expected"], found["found"]
    )
