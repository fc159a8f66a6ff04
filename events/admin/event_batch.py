"""The hot log: accepted requests, those not settled yet, and those in quarantine."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import islice
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    InfinitePaginator,
    QuickFilter,
    ReadOnlyAdmin,
    link,
    object_action,
    short_time,
    status,
)
from billing_platform.lib.admin.display import as_sent
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from events.models import EventBatch, UsageEvent
from events.selectors.backlog import RECENT
from events.services import quarantine
from events.wire import packing

Status = EventBatch.Status
TONES = {Status.PENDING: "info", Status.SETTLED: "success", Status.QUARANTINED: "danger"}
SHOWN_EVENTS = 20
SETTLED_SHOWN = timedelta(hours=1)
CONFLICTS = "conflicts"
FAILING = "failing"


class DiscardForm(ActionForm):
    reason = forms.CharField(max_length=500, help_text="Stored with each dead letter.")


class StateFilter(QuickFilter):
    """Batches that need attention first. Settled batches are many: the list shows those of the last hour."""

    title = "state"
    parameter_name = "status__exact"
    all_option = ("", "Not settled")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (Status.PENDING, "Pending"),
            (FAILING, "Pending, failed before"),
            (Status.QUARANTINED, "Quarantined"),
            (Status.SETTLED, "Settled, of the last hour"),
            (CONFLICTS, "Known id, other body, of the last day"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value == CONFLICTS:
            return queryset.filter(conflicts__gt=0, received_at__gte=clock.now() - RECENT)
        if value == FAILING:
            return queryset.filter(status=Status.PENDING, attempts__gt=0)
        if value == Status.SETTLED:
            return queryset.filter(status=value, received_at__gte=clock.now() - SETTLED_SHOWN)
        return queryset.filter(status=value) if value in TONES else queryset.exclude(status=Status.SETTLED)


@admin.register(EventBatch)
class EventBatchAdmin(ReadOnlyAdmin):
    empty_hint = "A request of events stands here from the moment it is accepted."
    list_on_a_phone = ("received", "project_link", "event_count", "state")
    list_display = (
        "received",
        "project_link",
        "event_count",
        "state",
        "counted",
        "duplicates",
        "conflicts",
        "dead_lettered",
    )
    list_filter = (StateFilter, "organisation", "project")
    list_select_related = ("project__organisation",)
    paginator = InfinitePaginator
    counts_rows = False
    fieldsets = (
        (None, {"fields": ("id", "organisation", "project", "received_at", "is_replay", "state", "settled_at")}),
        ("Events", {"fields": ("event_count", "counted", "duplicates", "dead_lettered", "conflicts", "conflict_ids")}),
        WORK,
        ("What was sent", {"fields": ("first_events",)}),
    )
    related_lists = ((UsageEvent, "batch_id"),)

    received = short_time("received_at", "Received")
    state = status("status", TONES, "State")
    project_link = link("project")
    work = work_column()
    retry = try_now_action(
        name="retry",
        permission="events.retry_eventbatch",
        may=lambda batch: batch.status == Status.QUARANTINED,
        service=lambda pk: quarantine.retry_batch(batch_id=pk),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("packed_events")

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Where a ledger entry or a dead letter names a batch that was dropped."""
        days = settings.EVENTS_HOT_RETENTION_DAYS
        messages.info(
            request,
            f"There is no batch {object_id} any more. Accepted batches are dropped after {days} days, "
            "once their whole day is verified; what was counted of them stays under Events.",
        )
        return redirect("admin:events_eventbatch_changelist")

    @object_action(
        label="Discard",
        permission="events.retry_eventbatch",
        when=lambda batch: batch.status == Status.QUARANTINED,
        form=DiscardForm,
        confirm="Its events become dead letters: stored, but not counted. The month can be closed then.",
        danger=True,
        icon="delete",
    )
    def discard(self, request: HttpRequest, batch: EventBatch, *, reason: str) -> str:
        quarantine.discard_batch(batch_id=batch.pk, reason=reason, discarded_by=request.user.get_username())
        return "The batch was discarded; its events are dead letters."

    @admin.display(description=f"First {SHOWN_EVENTS} events")
    def first_events(self, batch: EventBatch) -> str:
        try:
            events = packing.unpack(bytes(batch.packed_events))
        except packing.DAMAGED as error:
            return f"The payload can't be read: {error}"
        lines = (json.dumps(event.as_sent(), ensure_ascii=False) for event in islice(events, SHOWN_EVENTS))
        return as_sent("\n".join(lines))
