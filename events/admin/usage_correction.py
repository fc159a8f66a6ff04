"""Corrections of counted usage: made on an event's page, listed here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    badge,
    link,
    numeric,
    object_action,
    rows_action,
    short_time,
    status,
    when,
)
from billing_platform.lib.admin.display import EMPTY, anchor
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.number_formats import format_number
from events.admin.bulk_report import summary
from events.admin.quantity import amount_of
from events.models import Metric, UsageCorrection, UsageEvent
from events.selectors.backlog import batch_is_gone
from events.selectors.entries import LedgerEntry, corrected_event, current_entry, ledger_entries, original_of
from events.services.corrections import correct_usage, void_usage
from events.usage.metered import MetricWords

Action = UsageCorrection.Action
Kind = UsageEvent.Kind
TONES = {Action.VOID: "danger", Action.CORRECT: "info"}

WHERE = (
    "The event stays in the ledger; entries that cancel it are added. They count in its billing month if that is open, "
    "otherwise as late usage in the next open one."
)
INDIFFERENT = {
    Metric.Aggregation.COUNT: "This metric counts events: another quantity changes nothing, only voiding does.",
    Metric.Aggregation.UNIQUE: "This metric counts different values: another quantity changes nothing, only voiding "
    "does.",
}


class VoidForm(ActionForm):
    reason = forms.CharField(
        max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Stored with the correction for ever."
    )


class CorrectForm(VoidForm):
    quantity = forms.DecimalField(
        label="Right quantity", max_digits=28, decimal_places=QUANTITY_PLACES, min_value=Decimal(0)
    )
    field_order = ("quantity", "reason")


def _still_counts(event: UsageEvent) -> bool:
    return event.kind == Kind.USAGE and current_entry(event) is not None


def _now_counts(event: UsageEvent) -> str:
    entry = current_entry(event)
    parts = [f"It counts {MetricWords.of(event.metric).quantity_text(entry.quantity)} now."] if entry else []
    return " ".join([*parts, WHERE])


def _before_correcting(event: UsageEvent) -> str:
    return " ".join(filter(None, [_now_counts(event), INDIFFERENT.get(Metric.Aggregation(event.metric.aggregation))]))


class CorrectingMixin:
    """Adds to the ledger's pages: the actions void and correct, and the history of an entry's event."""

    admin_site: Any

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the event that an entry corrects: its own id means nothing to anybody."""
        written_by = UsageCorrection.objects.filter(organisation=OuterRef("organisation"), pk=OuterRef("batch_id"))
        about = Case(When(~Q(kind=Kind.USAGE), then=Subquery(written_by.values("event_id")[:1])), default=F("event_id"))
        return super().get_queryset(request).annotate(about=about)  # type: ignore[misc]  # a mixin: the page has it

    @admin.display(description="Event id")
    def name(self, event: Any) -> str:
        return str(event.about)

    @object_action(
        label="Correct quantity",
        permission="events.add_usagecorrection",
        when=_still_counts,
        form=CorrectForm,
        confirm=_before_correcting,
        icon="edit",
    )
    def correct(self, request: HttpRequest, event: UsageEvent, *, quantity: Decimal, reason: str) -> str:
        return self._corrected(request, event, Action.CORRECT, reason, quantity)

    @object_action(
        label="Void",
        permission="events.add_usagecorrection",
        when=_still_counts,
        form=VoidForm,
        confirm=_now_counts,
        danger=True,
        icon="block",
    )
    def void(self, request: HttpRequest, event: UsageEvent, *, reason: str) -> str:
        return self._corrected(request, event, Action.VOID, reason, None)

    @rows_action(
        label="Void",
        permission="events.add_usagecorrection",
        form=VoidForm,
        confirm=f"Each counts nothing any more. {WHERE}",
        danger=True,
    )
    def void_many(self, request: HttpRequest, events: Any, *, reason: str) -> str:
        user: Any = request.user
        chosen = events.filter(kind=Kind.USAGE).select_related("organisation", "project")
        report = void_usage(events=chosen, reason=reason, by=user.get_username())
        return summary(report, "Voided", if_none="None of them is an event: an entry of a correction can't be voided.")

    def rows(self, request: HttpRequest, action: Any) -> Any:
        """Ticked rows only: the ledger is too long to be searched for all that the filters of its list find."""
        if "pk__in" not in request.GET:
            raise Http404
        return super().rows(request, action)  # type: ignore[misc]  # a mixin: the page has it

    def _corrected(
        self, request: HttpRequest, event: UsageEvent, action: str, reason: str, quantity: Decimal | None
    ) -> str:
        user: Any = request.user
        correction = correct_usage(
            organisation=event.organisation,
            project=event.project,
            event_id=event.event_id,
            action=action,
            quantity=quantity,
            reason=reason,
            by=user.get_username(),
            received_month=event.received_month,
        )
        where = f"{month_text(correction.counted_in)}{', as late usage' if correction.is_late else ''}"
        if quantity is None:
            return f"The event is void: it counts nothing any more. Reversed in {where}."
        return f"The event counts {MetricWords.of(event.metric).quantity_text(quantity)}. Corrected in {where}."

    @admin.display(description="History")
    def entries(self, event: UsageEvent) -> str:
        return entries_table(self, original_of(event))

    @admin.display(description="Came with")
    def batch(self, event: UsageEvent) -> str:
        """The request that brought the event, or the correction that wrote the entry."""
        page = "eventbatch" if event.kind == Kind.USAGE else "usagecorrection"
        if event.kind == Kind.USAGE and (gone := batch_is_gone(event)):
            return f"{event.batch_id}: {gone}"
        url = reverse(f"admin:events_{page}_change", args=[event.batch_id])
        return format_html('<a class="text-link" href="{}">{}</a>', url, event.batch_id)


@admin.register(UsageCorrection)
class UsageCorrectionAdmin(ReadOnlyAdmin):
    empty_hint = "An event that is voided or corrected on its own page is listed here, with who did it and why."
    list_on_a_phone = ("event_id", "what", "change", "made")
    list_display = ("event_id", "made", "what", "change", "project_link", "metric_link", "month", "created_by")
    list_filter = ("organisation", "project", "metric", "action", "is_late", "counted_in", "created_at")
    search_fields = ("event_id__exact", "reason")
    search_help_text = "The whole event id, or a word of the reason."
    list_select_related = ("project__organisation", "metric")
    fieldsets = (
        (None, {"fields": ("event", "organisation", "project", "metric_link", "what", "change")}),
        ("Why", {"fields": ("reason", "created_by", "created_at")}),
        ("Where it counts", {"fields": ("hour", "month")}),
        ("In the ledger", {"fields": ("entries",)}),
    )

    made = short_time("created_at", "Made")
    what = status("action", TONES, "Action")
    project_link = link("project")
    metric_link = link("metric")

    @admin.display(description="Event")
    def event(self, correction: UsageCorrection) -> str:
        return anchor(self, corrected_event(correction))

    @numeric
    @admin.display(description="Quantity")
    def change(self, correction: UsageCorrection) -> str:
        before, after = correction.quantity_before, correction.quantity_after
        if after is None:
            return format_html("<span>{} → nothing</span>", amount_of(before, correction.metric))
        return format_html("<span>{} → {}</span>", format_number(before), amount_of(after, correction.metric))

    @admin.display(description="Counted in", ordering="counted_in")
    def month(self, correction: UsageCorrection) -> Any:
        return month_of(correction.counted_in, correction.is_late)

    @admin.display(description="History")
    def entries(self, correction: UsageCorrection) -> str:
        return entries_table(self, corrected_event(correction))


def entries_table(page: Any, event: UsageEvent) -> str:
    """All ledger entries of an event, in order of receipt."""
    return format_html(
        '<div class="facts-scroll"><table class="facts entries"><thead><tr><th>Entry</th>'
        '<th class="number">Quantity</th><th>Counted in</th><th>Written</th>'
        "<th>Why, and who</th></tr></thead>{}</table></div>",
        format_html_join(
            "",
            '<tr><td>{}</td><td class="number">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>',
            (_entry_row(page, event, entry) for entry in ledger_entries(event)),
        ),
    )


def _entry_row(page: Any, event: UsageEvent, entry: LedgerEntry) -> tuple[Any, ...]:
    row, correction = entry.row, entry.correction
    kind = Kind(row.kind)
    return (
        format_html("{} {}", anchor(page, row, kind.label), badge("Counts", "success") if entry.is_current else ""),
        amount_of(row.quantity, event.metric),
        month_of(row.counted_in, row.is_late),
        when(correction.created_at if correction else row.received_at),
        f"{correction.reason} – {correction.created_by}" if correction else EMPTY,
    )


def month_of(month: Any, is_late: bool) -> Any:
    late = badge("Late", "warning") if is_late else ""
    return format_html('<span class="whitespace-nowrap">{} {}</span>', month_text(month), late)
