"""Holds on a customer's billing: placed on the customer's page, lifted there or on their own, and seen on its list."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import (
    ActionForm,
    DropdownFilter,
    Extension,
    ReadOnlyAdmin,
    ReadOnlyInline,
    Undoable,
    badge,
    extends,
    link,
    object_action,
    scoped,
    short_time,
    status,
)
from billing_platform.lib.admin.display import EMPTY, LAST_DAY, anchor
from billing_platform.lib.limits import REASON_LENGTH
from organisations import bulk_verbs
from organisations.admin.bulk import BulkForm, bulk_action
from organisations.models import BillingHold, Organisation
from organisations.services import holds

Kind = BillingHold.Kind
TONES = dict.fromkeys(Kind, "warning")
WHAT_IT_DOES = (
    "Draft only: months are drafted and nothing is issued. No e-mail: what is to be sent waits. No collection: nobody "
    "is asked to pay; the pay page stays open. No reminders: nobody is asked again, and no late fee is charged. What "
    "waited goes on by itself when the hold ends."
)


def standing_of(rows: Any, path: str) -> Any:
    """Rows with the standing holds of their customer, read once for all: `path` leads to the holds."""
    standing = (
        BillingHold.objects.standing()
        .select_related("organisation__billing_entity")
        .order_by("starts_at", "kind", "pk")
    )
    return rows.prefetch_related(Prefetch(path, queryset=standing, to_attr="holds_now"))


def hold_badges(rows: list[BillingHold]) -> Any:
    """A mark for each kind; the sentence shows when one points at it."""
    marks = (
        format_html('<span title="{}">{}</span>', each.sentence, badge(each.get_kind_display(), "warning"))
        for each in rows
    )
    return format_html_join(" ", "{}", ((mark,) for mark in marks)) if rows else EMPTY


def hold_sentences(page: Any, rows: list[BillingHold]) -> Any:
    """Each with the way to its page, where it is lifted."""
    lines = (
        (badge(each.get_kind_display(), "warning"), each.span, each.reason, anchor(page, each, "Open")) for each in rows
    )
    return format_html(
        '<ul class="warning-list warning-box">{}</ul>', format_html_join("", "<li>{} {}: {} {}</li>", lines)
    )


class HoldForm(ActionForm):
    kind = forms.ChoiceField(label="Hold", choices=Kind.choices)
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="Shown beside the hold.")
    last_day = forms.DateField(label=LAST_DAY, required=False, help_text="Empty: until somebody lifts it.")


class HoldManyForm(BulkForm):
    kind = forms.ChoiceField(label="Hold", choices=Kind.choices, initial=Kind.DRAFT_ONLY)
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="Shown beside each hold.")
    last_day = forms.DateField(label=LAST_DAY, required=False, help_text="Empty: until somebody lifts it.")


class LiftManyForm(BulkForm):
    kind = forms.ChoiceField(label="Hold", choices=Kind.choices, initial=Kind.DRAFT_ONLY)
    reason = forms.CharField(
        label="Only with this reason",
        max_length=REASON_LENGTH,
        required=False,
        help_text="Empty: every hold of this kind. After a change, confirm twice: the numbers are counted anew.",
    )


class HoldFilter(DropdownFilter):
    title, parameter_name = "hold", "hold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("any", "Any"), *((str(kind), label) for kind, label in Kind.choices)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        standing = BillingHold.objects.standing()
        chosen = standing if self.value() == "any" else standing.filter(kind=self.value())
        return queryset.filter(pk__in=chosen.values("organisation"))


class HoldInline(ReadOnlyInline):
    model = BillingHold
    verbose_name_plural = "holds"
    fields = ("kind", "reason", "starts_at", "ends_at", "placed_by", "lifted_by")
    readonly_fields = fields


@extends(Organisation)
class HoldsOfCustomer(Extension):
    list_filter = (HoldFilter,)
    inlines = (HoldInline,)
    list_on_a_phone = ("name", "on_hold", "currency", "is_active")

    hold_many = bulk_action(bulk_verbs.HOLD, HoldManyForm)
    lift_many = bulk_action(bulk_verbs.LIFT, LiftManyForm)

    def columns(self, request: HttpRequest, shown: list[Any]) -> list[Any]:
        """The column takes room only while somebody is held."""
        held = scoped(BillingHold.objects.standing(), request).exists()
        return [*shown[:1], self.on_hold, *shown[1:]] if held else shown

    @admin.display(description="On hold")
    def on_hold(self, organisation: Any) -> Any:
        return hold_badges(organisation.holds_now)

    @object_action(
        label="Hold billing",
        permission="organisations.change_organisation",
        form=HoldForm,
        confirm=WHAT_IT_DOES,
        facts=lambda _request, organisation: [
            ("Customer", organisation.name),
            *(("Holds now", each.sentence) for each in organisation.standing_holds),
        ],
        icon="pause_circle",
    )
    def hold(
        self, request: HttpRequest, organisation: Organisation, *, kind: str, reason: str, last_day: date | None
    ) -> Undoable:
        user: Any = request.user
        ends_at = holds.end_of_day(last_day, organisation) if last_day else None
        placed = holds.place_hold(
            organisation=organisation, kind=kind, reason=reason, ends_at=ends_at, placed_by=user.get_username()
        )
        return Undoable(f"{placed.sentence.rstrip('.')}. It can be lifted before.", placed, "lift")


@admin.register(BillingHold)
class BillingHoldAdmin(ReadOnlyAdmin):
    empty_hint = "A hold is placed with Hold billing on a customer's page."
    list_on_a_phone = ("name", "customer", "state", "how_long")
    list_display = ("name", "customer", "state", "reason", "starts", "how_long", "placed_by", "lifted_by")
    list_filter = ("organisation", "kind", "starts_at", "ends_at")
    search_fields = ("reason", "organisation__name")
    list_select_related = ("organisation__billing_entity",)
    fields = ("customer", "name", "state", "reason", "starts_at", "how_long", "placed_by", "lifted_by")

    customer = link("organisation", "Customer")
    name = status("kind", TONES, "Hold")
    starts = short_time("starts_at", "From")

    @admin.display(description="How long", ordering="ends_at")
    def how_long(self, hold: BillingHold) -> str:
        return hold.span

    @admin.display(description="State")
    def state(self, hold: BillingHold) -> Any:
        return badge("Holds", "warning") if hold.is_standing else badge("Over")

    @object_action(
        label="Lift",
        permission="organisations.change_organisation",
        when=lambda hold: hold.is_standing,
        confirm="What waited goes on: drafts are issued, e-mails are sent, payments are asked for.",
        facts=lambda _request, hold: [("Customer", hold.organisation.name), ("Hold", hold.sentence)],
        icon="play_circle",
    )
    def lift(self, request: HttpRequest, hold: BillingHold) -> str | Undoable:
        """A hold whose end is no end of a day was placed over the API: the form can't place it again."""
        user: Any = request.user
        last_day = holds.last_day_of(hold)
        holds.lift_hold(hold_id=hold.pk, lifted_by=user.get_username())
        said = f"{hold.organisation} is not held any more: {hold.get_kind_display().lower()}."
        if hold.ends_at is not None and last_day is None:
            return said
        again = {"kind": hold.kind, "reason": hold.reason, "last_day": last_day}
        return Undoable(said, hold.organisation, "hold", again)
