"""Accepted events that could not be counted, with the reason."""

from __future__ import annotations

from django.contrib import admin

from billing_platform.lib.admin import ReadOnlyAdmin, link, short_time, status
from events.models import DeadLetter

TONES = {"open": "danger", "replayed": "success", "discarded": ""}


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ("event_id", "reason", "state", "project_link", "attempts", "seen")
    list_filter = ("status", "reason", "organisation", "project", "last_seen_at")
    search_fields = ("event_id", "message")
    list_select_related = ("project__organisation",)
    fieldsets = (
        (None, {"fields": ("event_id", "organisation", "project", "state", "reason", "message")}),
        ("The event", {"fields": ("payload", "batch_id")}),
        ("Seen", {"fields": ("attempts", "first_seen_at", "last_seen_at")}),
        ("Resolution", {"fields": ("resolved_at", "resolved_by", "resolution")}),
    )

    seen = short_time("last_seen_at", "Last seen")
    state = status("status", TONES, "State")
    project_link = link("project")
