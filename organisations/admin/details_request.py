"""Changes of details that customers ask for: old and new side by side, approved or rejected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyAdmin,
    WaitingFirst,
    badge,
    extends,
    link,
    object_action,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.limits import REASON_LENGTH
from organisations.models import DetailsRequest, Organisation
from organisations.notifications.recipients import listed
from organisations.services import details_requests

MAY_DECIDE = "organisations.change_organisation"
_TONES = {"open": "warning", "approved": "success", "rejected": "danger"}


class StatusFilter(WaitingFirst):
    all_option = ("", "To decide")
    endings = (("approved", "Approved"), ("rejected", "Rejected"))

    def waiting(self, queryset: Any) -> Any:
        return queryset.to_decide()


class RejectForm(ActionForm):
    reason = forms.CharField(label="Why", max_length=REASON_LENGTH, help_text="The customer reads it.")


def side_by_side(request: DetailsRequest) -> SafeString:
    """What stands there, and what the customer wants. While it is to be decided, the left column is as of now; where
    that is not what the customer saw, it says so."""
    rows = (
        (
            details_requests.LABELS[name],
            _now(request, name),
            details_requests.shown(name, value) or EMPTY,
        )
        for name, value in details_requests.sorted_values(request.proposed)
    )
    return format_html(
        '<div class="facts-scroll"><table class="facts"><thead><tr><th></th><th>{}</th><th>New</th></tr></thead>'
        "<tbody>{}</tbody></table></div>",
        "Now" if request.is_open else "Before",
        format_html_join("", "<tr><th>{}</th><td>{}</td><td><strong>{}</strong></td></tr>", rows),
    )


def _now(request: DetailsRequest, name: str) -> Any:
    before = request.before.get(name, "")
    standing = getattr(request.organisation, name) if request.is_open else before
    said = details_requests.shown(name, standing) or EMPTY
    if standing == before:
        return said
    seen = details_requests.shown(name, before) or "nothing"
    return format_html("{} <br>{}", said, f"When it was asked for: {seen}")


def _facts(_request: HttpRequest, asked: DetailsRequest) -> Iterable[tuple[str, Any]]:
    yield "Customer", asked.organisation.name
    yield "Asked by", asked.asked_by
    if asked.note:
        yield "Note", asked.note
    yield "Change", side_by_side(asked)
    yield "Answer goes to", listed(asked.organisation, details_requests.DECIDED)


def _warnings(_request: HttpRequest, asked: DetailsRequest) -> list[str]:
    to_confirm, to_know = details_requests.outlook(asked)
    return [*to_know, *to_confirm]


@extends(Organisation)
class DetailsRequestsOfCustomer(Extension):
    related_lists = ((DetailsRequest, "organisation__id__exact"),)


@admin.register(DetailsRequest)
class DetailsRequestAdmin(ReadOnlyAdmin):
    empty_hint = "A customer asks for a change of its name, address, GSTIN or billing e-mail in its portal."
    list_on_a_phone = ("customer", "subject", "state")
    list_display = ("customer", "subject", "new_values", "asked", "state")
    list_filter = (StatusFilter, "organisation", "subject", "created_at")
    search_fields = ("organisation__name", "asked_by")
    list_select_related = ("organisation__billing_entity",)
    fieldsets = (
        (None, {"fields": ("customer", "subject", "state", "comparison", "outlook")}),
        ("Asked", {"fields": (("asked", "asked_by"), "note")}),
        ("Decided", {"fields": (("decided_at", "decided_by"), "reason")}),
    )

    customer = link("organisation", "Customer")
    asked = short_time("created_at", "Asked")

    @admin.display(description="State", ordering="status")
    def state(self, asked: DetailsRequest) -> Any:
        return badge(asked.get_status_display(), _TONES[asked.status])

    @admin.display(description="New values")
    def new_values(self, asked: DetailsRequest) -> Any:
        values = details_requests.sorted_values(asked.proposed)
        return ", ".join(details_requests.shown(name, value) for name, value in values if value) or EMPTY

    @admin.display(description="Change")
    def comparison(self, asked: DetailsRequest) -> Any:
        return side_by_side(asked)

    @admin.display(description="What it means")
    def outlook(self, asked: DetailsRequest) -> Any:
        if not asked.is_open:
            return EMPTY
        to_confirm, to_know = details_requests.outlook(asked)
        return format_html_join("", "{}<br>", ((each,) for each in (*to_know, *to_confirm))) or EMPTY

    @object_action(
        label="Approve",
        permission=MAY_DECIDE,
        when=lambda asked: asked.is_open,
        confirm="The customer's details are changed, and it is told by e-mail, at its old address and the new one. "
        "Look the GSTIN up at the GST portal, and compare the name with what is registered there.",
        facts=_facts,
        warnings=_warnings,
        icon="task_alt",
    )
    def approve(self, request: HttpRequest, asked: DetailsRequest) -> str:
        user: Any = request.user
        details_requests.approve_details(request_id=asked.pk, decided_by=user.get_username(), confirm=True)
        return f"The details of {asked.organisation} are changed."

    @object_action(
        label="Reject",
        permission=MAY_DECIDE,
        when=lambda asked: asked.is_open,
        form=RejectForm,
        confirm="Nothing changes. The customer is told why by e-mail.",
        facts=_facts,
        danger=True,
        icon="block",
    )
    def reject(self, request: HttpRequest, asked: DetailsRequest, *, reason: str) -> str:
        user: Any = request.user
        details_requests.reject_details(request_id=asked.pk, decided_by=user.get_username(), reason=reason)
        return f"{asked.organisation} is told why its details stay."
