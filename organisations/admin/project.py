"""Projects: the applications that report usage."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import (
    ActionForm,
    ModelAdmin,
    ReadOnlyInline,
    link,
    object_action,
    short_time,
    status,
)
from organisations.models import ApiKey, Project
from organisations.services import api_keys, onboarding

TONES = {Project.Mode.LIVE: "success", Project.Mode.TEST: "warning"}


class IssueKeyForm(ActionForm):
    name = forms.CharField(max_length=100, help_text="What uses it, such as “production web servers”.")
    expires_on = forms.DateField(required=False, help_text="First day (UTC) on which it is refused. Empty: no end.")

    @staticmethod
    def options(answers: dict[str, Any]) -> dict[str, Any]:
        """The answers as the service takes them."""
        day = answers["expires_on"]
        expires_at = datetime.combine(day, time.min, tzinfo=UTC) if day else None
        return {"name": answers["name"], "expires_at": expires_at}


class ApiKeyInline(ReadOnlyInline):
    model = ApiKey
    fields = ("name", "mode", "prefix", "expires_at", "revoked_at", "last_used_at")
    readonly_fields = fields
    verbose_name_plural = "API keys"


@admin.register(Project)
class ProjectAdmin(ModelAdmin):
    empty_hint = "A project is an application that reports usage: create one on its customer's page."
    list_display = ("name", "customer", "kind", "is_active", "created")
    list_filter = ("organisation", "mode", "is_active")
    search_fields = ("name", "organisation__name")
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    fields = ("organisation", "name", "mode", "is_active")
    inlines = (ApiKeyInline,)

    customer = link("organisation", "Customer")
    created = short_time("created_at", "Created")
    kind = status("mode", TONES, "Mode")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A project never moves to another customer: its usage would not move with it. With a key its mode is fixed."""
        if obj is None:
            return ()
        return ("organisation", "mode") if obj.api_keys.exists() else ("organisation",)

    def create(self, request: HttpRequest, values: dict[str, Any]) -> Project:
        return onboarding.create_project(**values)

    def update(self, request: HttpRequest, obj: Project, changes: dict[str, Any]) -> None:
        onboarding.update_project(project=obj, **changes)

    @object_action(
        label="Issue API key",
        permission="organisations.issue_apikey",
        form=IssueKeyForm,
        when=lambda project: project.is_active,
        confirm="The key is shown once, on the next page.",
        icon="key",
    )
    def issue_key(self, request: HttpRequest, project: Project, **answers: Any) -> HttpResponse:
        issued = api_keys.issue_project_key(project=project, **IssueKeyForm.options(answers))
        return self.show_secret(request, project, title=f"New key of {project}", secret=issued.secret)
