"""Notes about customers: written on the customer's page, followed up from their list."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, linebreaks
from django.utils.safestring import mark_safe

from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyAdmin,
    attention_filter,
    badge,
    extends,
    link,
    object_action,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY, brief
from billing_platform.lib.admin.inputs import Textarea
from organisations.audit import acting_user
from organisations.models import CustomerNote, Organisation
from organisations.models.customer_note import NOTE_LENGTH
from organisations.models.note_mention import NAMED
from organisations.operators_clock import operators_today
from organisations.services import mentions, notes


class NoteForm(ActionForm):
    text = forms.CharField(
        label="Note",
        max_length=NOTE_LENGTH,
        widget=Textarea,
        help_text="@ and a colleague's user name tells that colleague, by e-mail and on the dashboard.",
    )
    follow_up_on = forms.DateField(
        label="Follow up on", required=False, help_text="The note waits on the dashboard from this day on."
    )


@extends(Organisation)
class NotesOfCustomer(Extension):
    related_lists = ((CustomerNote, "organisation__id__exact"),)
    frequent = ("add_note",)

    @object_action(
        label="Add note",
        permission="organisations.add_customernote",
        form=NoteForm,
        confirm="For colleagues. The customer never sees it, and it stays as it is written.",
        facts=lambda _request, organisation: [("Customer", organisation.name)],
        icon="note_add",
    )
    def add_note(
        self, request: HttpRequest, organisation: Organisation, *, text: str, follow_up_on: date | None
    ) -> str:
        user: Any = request.user
        notes.write_note(
            organisation=organisation, text=text, follow_up_on=follow_up_on, written_by=user.get_username()
        )
        return "The note stands in the customer's timeline."


def with_chips(text: str) -> Any:
    """The text as paragraphs, escaped; each name that it speaks to as a label. A name has no character that escaping
    changes."""
    escaped = linebreaks(text, autoescape=True)
    chip = '<span class="mention">{}</span>'
    return mark_safe(NAMED.sub(lambda found: format_html(chip, badge(found[0], "info")), escaped))  # noqa: S308  # escaped above


def mentions_acting_user(note: CustomerNote) -> bool:
    user = acting_user()
    return user is not None and note.mentions.filter(user=user.pk, done_at__isnull=True).exists()


@admin.register(CustomerNote)
class CustomerNoteAdmin(ReadOnlyAdmin):
    empty_hint = "A note is written with Add note on a customer's page."
    list_on_a_phone = ("note", "customer", "state")
    list_display = ("note", "customer", "written", "written_by", "follow_up_on", "state")
    list_filter = (
        attention_filter(
            due=("To follow up now", lambda rows, _user: rows.due(operators_today())),
            mine=("Mention me", lambda rows, user: rows.mentioning(user)),
        ),
        "organisation",
        "follow_up_on",
        "created_at",
    )
    search_fields = ("text", "organisation__name", "written_by")
    list_select_related = ("organisation",)
    fields = ("customer", "whole", "written", "written_by", "told", "follow_up_on", "state", "done_at", "done_by")

    customer = link("organisation", "Customer")
    written = short_time("created_at", "Written")

    @admin.display(description="Note", ordering="text")
    def note(self, note: CustomerNote) -> Any:
        return brief(note.text)

    @admin.display(description="Note")
    def whole(self, note: CustomerNote) -> Any:
        return with_chips(note.text)

    @admin.display(description="Mentioned")
    def told(self, note: CustomerNote) -> str:
        rows = note.mentions.select_related("user")
        return ", ".join(f"{each.user.get_username()}{' (done)' if each.done_at else ''}" for each in rows) or EMPTY

    @admin.display(description="State")
    def state(self, note: CustomerNote) -> Any:
        if note.follow_up_on is None:
            return EMPTY
        if note.done_at is not None:
            return badge("Followed up", "success")
        is_due = note.follow_up_on <= operators_today()
        return badge("To follow up", "warning") if is_due else badge("Waits for its day")

    @object_action(
        label="Followed up",
        permission="organisations.change_customernote",
        when=lambda note: note.is_waiting,
        confirm="The note leaves the dashboard. What came of it can stand in another note.",
        facts=lambda _request, note: [("Customer", note.organisation.name), ("Note", note.text)],
        icon="task_alt",
    )
    def follow_up(self, request: HttpRequest, note: CustomerNote) -> str:
        user: Any = request.user
        notes.finish_follow_up(note_id=note.pk, done_by=user.get_username())
        return f"The note about {note.organisation} is followed up."

    @object_action(
        label="Mark as done",
        permission="organisations.view_customernote",
        when=mentions_acting_user,
        confirm="The note leaves your dashboard. It waits for the others whom it mentions until they mark it, too.",
        facts=lambda _request, note: [("Customer", note.organisation.name), ("Note", note.text)],
        icon="done",
    )
    def finish_mention(self, request: HttpRequest, note: CustomerNote) -> str:
        mentions.finish_mention(note_id=note.pk, user=request.user)
        return f"The note about {note.organisation} waits for you no more."
