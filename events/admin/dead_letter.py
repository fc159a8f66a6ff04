"""Accepted events that could not be counted, with the reason, and what to do about them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
from django import forms
from django.contrib import admin
from django.db.models.fields.json import KT
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone

from billing_platform.lib.admin.base import (
    ActionForm,
    QuickFilter,
    ReadOnlyAdmin,
    link,
    object_action,
    status,
    when,
)
from billing_platform.lib.admin.display import EMPTY, anchor, as_sent
from billing_platform.lib.admin.previewing import PreviewMixin
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.errors import DomainError
from events import bulk_verbs
from events.admin import dry_run
from events.models import DeadLetter, EventBatch
from events.selectors.dead_letters import letter_json, replay_outcome
from events.services import dead_letters
from events.tasks import settling
from organisations.admin.bulk import ReasonedForm, RemarkForm, bulk_action

Status = DeadLetter.Status
TONES = {Status.OPEN: "danger", Status.REPLAYED: "success", Status.DISCARDED: ""}
OUTCOMES = {
    "pending": "Waits to be counted: {}",
    "quarantined": "Its batch is held back: {}",
    "counted": "Counted: {}",
    "duplicate": "Not counted, a duplicate of {}",
    "dead_lettered": "Rejected again: {}",
}
ORDER = ("event_id", "metric_name", "metric_value", "unit", "timestamp", "metadata")
UNREADABLE_SHOWN = 2_000
ASKS = "admin/events/deadletter/replay.html"


class ReplayForm(ActionForm):
    reason = forms.CharField(max_length=500, required=False, help_text="For the log.")


class DiscardForm(ActionForm):
    reason = forms.CharField(max_length=500, help_text="Stored with it, and in the log.")


class EditForm(ActionForm):
    """The corrected event as JSON. The service validates the event."""

    metric_name = forms.CharField(label="Metric")
    metric_value = forms.CharField(label="Value")
    unit = forms.CharField()
    timestamp = forms.CharField(required=False)
    metadata = forms.CharField(required=False, widget=forms.Textarea, help_text="A JSON object, or nothing.")
    reason = forms.CharField(max_length=500, required=False, help_text="For the log.")

    def __init__(self, *args: Any, obj: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        fields = _fields_of(obj)
        self.initial = {name: msgspec.json.decode(raw) for name, raw in fields.items() if name != "metadata"}
        metadata = bytes(fields.get("metadata", b"null"))
        self.initial["metadata"] = "" if metadata == b"null" else _pretty(fields["metadata"])
        received = time_text(obj.first_seen_at, get_current_timezone())
        self.fields["timestamp"].help_text = f"With its offset. Left out, it is the time of receipt: {received}."

    def clean_metadata(self) -> Any:
        try:
            return json.loads(self.cleaned_data["metadata"] or "null", parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is not JSON: {error}") from None

    @property
    def answers(self) -> dict[str, Any]:
        event = super().answers
        reason = event.pop("reason")
        return {"event": event | {"timestamp": event["timestamp"] or None}, "reason": reason}


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number.")


class StateFilter(QuickFilter):
    """Open dead letters first."""

    title = "state"
    parameter_name = "status__exact"
    all_option = ("", "Open")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(Status.REPLAYED, "Replayed"), (Status.DISCARDED, "Discarded"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return queryset if value == "all" else queryset.filter(status=value if value in TONES else Status.OPEN)


def _is_open(letter: DeadLetter) -> bool:
    return letter.status == Status.OPEN


def _is_readable(letter: DeadLetter) -> bool:
    return "base64" not in letter.accepted_event


def _can_be_replayed(letter: DeadLetter) -> bool:
    return _is_open(letter) and _is_readable(letter)


def _fields_of(letter: DeadLetter) -> dict[str, msgspec.Raw]:
    """The event, exact, in the order of the contract: PostgreSQL puts the short names first."""
    found = msgspec.json.decode(letter_json(letter), type=dict[str, msgspec.Raw])
    return {name: found[name] for name in ORDER if name in found}


@admin.register(DeadLetter)
class DeadLetterAdmin(PreviewMixin, ReadOnlyAdmin):
    empty_hint = (
        "An event that was accepted and could not be counted would stand here, such as one of an unknown metric."
    )
    list_on_a_phone = ("event_id", "said", "reason", "state", "seen")
    list_display = ("event_id", "said", "reason", "state", "project_link", "times_sent", "seen")
    list_filter = (StateFilter, "reason", "organisation", "project", "last_seen_at")
    search_fields = ("event_id", "message")
    filtered_from_elsewhere = ("batch_id",)
    list_select_related = ("project__organisation",)
    list_max_show_all = 100
    fieldsets = (
        (None, {"fields": ("event_id", "organisation", "project", "state", "reason", "message")}),
        ("The event", {"fields": ("event", "times_sent", "first_seen_at", "last_seen_at", "batch")}),
    )
    fill_in = "What a replay would do is shown here, once the form is filled in."
    dry_run_fieldset = ("What a replay would do", {"fields": ("preview",)})
    resolved_fieldset = ("Resolution", {"fields": ("outcome", "why", "resolved_by", "resolved_at")})

    state = status("status", TONES, "State")
    project_link = link("project")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leaves out the event column, which may hold a whole request of 10 MB; the list needs three of its fields."""
        named = {field: KT(f"accepted_event__{field}") for field in ("metric_name", "metric_value", "unit")}
        return super().get_queryset(request).defer("accepted_event").annotate(**named)

    def sections(self, request: HttpRequest, obj: DeadLetter | None = None) -> Any:
        fieldsets = super().sections(request, obj)
        if obj is None:
            return fieldsets
        if not _is_open(obj):
            return (*fieldsets, self.resolved_fieldset)
        return (*fieldsets, self.dry_run_fieldset) if _is_readable(obj) else fieldsets

    def _typed(self, request: HttpRequest) -> Any:
        """The letter, with its event as the form of *Edit and replay* has it. None while that form has faults."""
        letter: Any = super()._typed(request)
        letter.typed = None
        if "metric_name" in request.POST:
            form = EditForm(request.POST, obj=letter)
            if not form.is_valid():
                return None
            letter.typed = form.answers["event"]
        return letter

    @admin.display(description="If it is replayed now")
    def preview(self, row: Any) -> SafeString:
        return super().preview(row)

    def preview_of(self, row: Any) -> SafeString | str:
        try:
            return dry_run.shown(self, dead_letters.dry_run(letter_id=row.pk, event=row.typed))
        except DomainError as error:
            return dry_run.refused(error)

    @object_action(
        label="Replay",
        permission="events.replay_deadletter",
        when=_can_be_replayed,
        template=ASKS,
        form=ReplayForm,
        confirm="The event is counted as if it was received when it first arrived: in the month that it belonged to "
        "then, if that month is still open. What was counted since then is not counted twice.",
        icon="replay",
    )
    def replay(self, request: HttpRequest, letter: DeadLetter, *, reason: str) -> str:
        dead_letters.replay_one(letter_id=letter.pk, by=request.user.get_username(), reason=reason)
        settling.wake()
        return "The event goes back to be counted."

    @object_action(
        label="Edit and replay",
        permission="events.replay_deadletter",
        when=_can_be_replayed,
        template=ASKS,
        form=EditForm,
        confirm="What you write here is counted instead. The dead letter keeps what was sent.",
        icon="edit",
    )
    def edit(self, request: HttpRequest, letter: DeadLetter, *, event: dict[str, Any], reason: str) -> str:
        dead_letters.replay_edited(letter_id=letter.pk, event=event, by=request.user.get_username(), reason=reason)
        settling.wake()
        return "The edited event goes back to be counted."

    @object_action(
        label="Discard",
        permission="events.discard_deadletter",
        when=_is_open,
        form=DiscardForm,
        confirm="It stays stored, but it will never be counted.",
        danger=True,
        icon="delete",
    )
    def discard(self, request: HttpRequest, letter: DeadLetter, *, reason: str) -> str:
        dead_letters.discard_one(letter_id=letter.pk, reason=reason, by=request.user.get_username())
        return "The dead letter is discarded."

    replay_many = bulk_action(bulk_verbs.REPLAY, RemarkForm)
    discard_many = bulk_action(bulk_verbs.DISCARD, ReasonedForm)

    @admin.display(description="Reported")
    def said(self, letter: Any) -> str:
        if letter.metric_name is None:
            return EMPTY
        return format_html(
            '<span class="as-written">{}\n{} {}</span>', letter.metric_name, letter.metric_value, letter.unit
        )

    @admin.display(description="Seen", ordering="last_seen_at")
    def seen(self, letter: DeadLetter) -> str:
        times = dict.fromkeys(when(moment) for moment in (letter.first_seen_at, letter.last_seen_at))
        return format_html(
            '<span class="as-written">{}</span>', format_html_join("\n", "{}", ((time,) for time in times))
        )

    @admin.display(description="As it was sent")
    def event(self, letter: DeadLetter) -> str:
        if not _is_readable(letter):
            text = letter.accepted_event["base64"]
            whole = f"A request that can't be read; only its sender can send it again.\n{text[:UNREADABLE_SHOWN]}…"
            return as_sent(whole)
        return as_sent(_pretty(_fields_of(letter)))

    @admin.display(description="Came in batch")
    def batch(self, letter: DeadLetter) -> str:
        found = EventBatch.objects.filter(pk=letter.batch_id).defer("packed_events").first()
        return anchor(self, found) if found else f"{letter.batch_id}, which is in the hot log no more"

    @admin.display(description="Why, and how")
    def why(self, letter: DeadLetter) -> str:
        return format_html('<span class="as-written">{}</span>', letter.resolution) if letter.resolution else EMPTY

    @admin.display(description="What became of it")
    def outcome(self, letter: DeadLetter) -> str:
        outcome = replay_outcome(letter)
        if outcome is None:
            return EMPTY
        return format_html(OUTCOMES[outcome.status], anchor(self, outcome.found) if outcome.found else EMPTY)
