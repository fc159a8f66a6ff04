"""What doesn't agree: expected and found side by side, what mends it, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    Undoable,
    attention_filter,
    link,
    money,
    object_action,
    short_time,
    status,
)
from billing_platform.lib.dates_in_words import age_text
from reconciliation.admin.decisions import AssignForm, NoteForm, ReasonForm, facts_of
from reconciliation.checks import CHECKS
from reconciliation.models import CheckName, Discrepancy
from reconciliation.services import resolving
from reconciliation.services.repairs import REPAIRS, next_step

State = Discrepancy.State
TONES = {
    State.OPEN: "danger",
    State.ACKNOWLEDGED: "warning",
    State.REPAIRED: "success",
    State.WRITTEN_OFF: "",
    State.GONE: "success",
}
RESOLVE = "reconciliation.resolve_discrepancy"
AttentionFilter = attention_filter(
    standing=("To decide", lambda rows, _user: rows.standing()),
    mine=("Mine to decide", lambda rows, user: rows.standing().filter(assigned_to=user)),
    nobodys=("Assigned to nobody", lambda rows, _user: rows.standing().filter(assigned_to__isnull=True)),
)


def facts_of_repair(request: HttpRequest, discrepancy: Discrepancy) -> Iterator[tuple[str, Any]]:
    yield from facts_of(request, discrepancy)
    yield from REPAIRS[discrepancy.kind].shows(discrepancy)


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin):
    empty_hint = "What does not agree stands here. With luck this list stays empty: the checks run each night."
    list_on_a_phone = ("about", "what", "state_shown", "age", "worth_shown")
    list_display = ("about", "what", "customer", "state_shown", "age", "worth_shown", "last_seen", "assigned_to")
    list_filter = (AttentionFilter, "state", "check_name", "kind", "organisation", "day")
    search_fields = ("about", "subject", "organisation__name")
    list_select_related = ("organisation", "assigned_to")
    ordering = (F("worth").desc(nulls_last=True), "first_seen_at")
    fieldsets = (
        (None, {"fields": ("state_shown", "what", "customer", "day", "next_step")}),
        ("Side by side", {"fields": ("expected", "found", "worth_shown")}),
        ("The check", {"fields": ("check_name", "compares", "subject")}),
        ("Seen", {"fields": ("age", "first_seen_at", "last_seen_at", "times_opened", "gone_at")}),
        ("Decided", {"fields": ("assigned_to", "decided_at", "decided_by", "reason")}),
    )

    customer = link("organisation", "Customer")
    state_shown = status("state", TONES, "State")
    worth_shown = money("worth", "Worth about")
    last_seen = short_time("last_seen_at", "Last seen")

    @admin.display(description="Age", ordering="first_seen_at")
    def age(self, discrepancy: Discrepancy) -> str:
        return age_text(discrepancy.age_days)

    @admin.display(description="What is wrong", ordering="kind")
    def what(self, discrepancy: Discrepancy) -> str:
        return str(discrepancy.get_kind_display())

    @admin.display(description="Compares")
    def compares(self, discrepancy: Discrepancy) -> str:
        return CHECKS[CheckName(discrepancy.check_name)].compares

    @admin.display(description="Next step")
    def next_step(self, discrepancy: Discrepancy) -> str:
        if not discrepancy.is_standing:
            return "Nothing is to be done now."
        if discrepancy.kind in REPAIRS:
            return f"Repair it: {_lower(REPAIRS[discrepancy.kind].does)}"
        return next_step(discrepancy.kind)

    @object_action(
        label="Repair",
        permission=RESOLVE,
        when=lambda discrepancy: discrepancy.is_standing and discrepancy.kind in REPAIRS,
        confirm=lambda discrepancy: REPAIRS[discrepancy.kind].does,
        facts=facts_of_repair,
        icon="build",
    )
    def repair(self, request: HttpRequest, discrepancy: Discrepancy) -> HttpResponse:
        resolving.repair(discrepancy_id=discrepancy.pk, by=request.user)
        return self.done(request, "It is repaired; a worker looks whether all agrees now.", discrepancy)

    @object_action(
        label="Acknowledge",
        permission=RESOLVE,
        when=lambda discrepancy: discrepancy.state == State.OPEN,
        form=NoteForm,
        confirm="You look at it: it is assigned to you, and stays on the list.",
        facts=facts_of,
        icon="visibility",
    )
    def acknowledge(self, request: HttpRequest, discrepancy: Discrepancy, *, note: str) -> str:
        resolving.acknowledge(discrepancy_id=discrepancy.pk, by=request.user, note=note)
        return "It is assigned to you."

    @object_action(
        label="Assign",
        permission=RESOLVE,
        when=lambda discrepancy: discrepancy.is_standing,
        form=AssignForm,
        confirm="It stands on that person's list. Its state stays.",
        facts=facts_of,
        icon="person",
    )
    def assign(self, request: HttpRequest, discrepancy: Discrepancy, *, assigned_to: Any) -> Undoable:
        before = discrepancy.assigned_to.get_username() if discrepancy.assigned_to else ""
        resolving.assign(discrepancy_id=discrepancy.pk, to=assigned_to)
        said = f"It is assigned to {assigned_to.get_username() if assigned_to else 'nobody'}."
        return Undoable(said, discrepancy, "assign", {"assigned_to": before})

    @object_action(
        label="Check again",
        permission=RESOLVE,
        confirm="A worker looks at its day once more. It closes by itself if it is gone.",
        facts=facts_of,
        icon="sync",
    )
    def check_again(self, request: HttpRequest, discrepancy: Discrepancy) -> str:
        resolving.check_again(discrepancy_id=discrepancy.pk, by=request.user)
        return "A worker looks at it; reload this page in a moment."

    @object_action(
        label="Write off",
        permission=RESOLVE,
        when=lambda discrepancy: discrepancy.is_standing,
        form=ReasonForm,
        confirm="It stays as it is. It is opened again only if it says something else.",
        facts=facts_of,
        danger=True,
        icon="money_off",
    )
    def write_off(self, request: HttpRequest, discrepancy: Discrepancy, *, reason: str) -> str:
        resolving.write_off(discrepancy_id=discrepancy.pk, by=request.user, reason=reason)
        return "It is written off."


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
