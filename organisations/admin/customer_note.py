"""Notes about customers: written on the customer's page, followed up from their list."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import linebreaks

from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyAdmin,
    Textarea,
    attention_filter,
    badge,
    extends,
    link,
    object_action,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY, brief
from organisations.models import CustomerNote, Organisation
from organisations.models.customer_note import NOTE_LENGTH
from organisations.operators_clock import operators_today
from organisations.services import notes


class NoteForm(ActionForm):
    text = forms.CharField(label="Note", max_length=NOTE_LENGTH, widget=Textarea)
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


@admin.register(CustomerNote)
class CustomerNoteAdmin(ReadOnlyAdmin):
    empty_hint = "A note is written with Add note on a customer's page."
    list_on_a_phone = ("note", "customer", "state")
    list_display = ("note", "customer", "written", "written_by", "follow_up_on", "state")
    list_filter = (
        attention_filter(due=("To follow up now", lambda rows, _user: rows.due(operators_today()))),
        "organisation",
        "follow_up_on",
        "created_at",
    )
    search_fields = ("text", "organisation__name", "written_by")
    list_select_related = ("organisation",)
    fields = ("customer", "whole", "written", "written_by", "follow_up_on", "state", "done_at", "done_by")

    customer = link("organisation", "Customer")
    written = short_time("created_at", "Written")

    @admin.display(description="Note", ordering="text")
    def note(self, note: CustomerNote) -> Any:
        return brief(note.text)

    @admin.display(description="Note")
    def whole(self, note: CustomerNote) -> Any:
        return linebreaks(note.text, autoescape=True)

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
