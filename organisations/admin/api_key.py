"""API keys: list, last use, rotation and revocation. A page never shows an existing key's secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from billing_platform.lib import clock
from billing_platform.lib.admin.actions import Action
from billing_platform.lib.admin.base import ActionForm, ReadOnlyAdmin, badge, link, object_action, short_time
from organisations.models import ApiKey
from organisations.services import api_keys

LONGEST_GRACE_HOURS = 24 * 30


class RotateForm(ActionForm):
    grace_hours = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_GRACE_HOURS,
        initial=24,
        label="Hours that the old key still works",
        help_text="0 revokes it at once.",
    )


def is_usable(key: ApiKey) -> bool:
    return key.is_usable(clock.now())


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    empty_hint = "Keys are issued on the page of a customer or a project, and back-office keys on a user's page."
    list_on_a_phone = ("name", "display", "belongs_to", "state")
    list_display = ("name", "display", "kind", "belongs_to", "state", "used", "created")
    list_filter = ("kind", "mode", "project__organisation", "project")
    search_fields = ("name", "prefix", "project__name", "owner__username")
    list_select_related = ("project__organisation", "owner")
    fieldsets = (
        (None, {"fields": ("name", "display", "kind", "mode", "scope", "state")}),
        ("Belongs to", {"fields": ("project", "owner")}),
        ("Life", {"fields": ("created_at", "expires_at", "revoked_at", "last_used_at", "replaced_by")}),
    )

    used = short_time("last_used_at", "Last used")
    created = short_time("created_at", "Created")
    belongs_to_project = link("project")

    def may_act(self, request: HttpRequest, action: Action, obj: Any = None) -> bool:
        if not super().may_act(request, action, obj):
            return False
        return obj is None or api_keys.may_manage(user=request.user, api_key=obj)

    @object_action(
        label="Rotate",
        permission="organisations.issue_apikey",
        form=RotateForm,
        when=lambda key: is_usable(key) and key.replaced_by_id is None,
        confirm="A successor with the same rights is issued and shown once.",
        icon="autorenew",
    )
    def rotate(self, request: HttpRequest, key: ApiKey, *, grace_hours: int) -> HttpResponse:
        issued = api_keys.rotate_key(api_key_id=key.pk, grace=timedelta(hours=grace_hours))
        return self.show_secret(request, issued.api_key, title=f"Successor of {key}", secret=issued.secret)

    @object_action(
        label="Revoke",
        permission="organisations.issue_apikey",
        when=lambda key: key.revoked_at is None,
        confirm="Requests with this key are refused from now on, within ten seconds everywhere. There is no way back.",
        danger=True,
        icon="block",
    )
    def revoke(self, request: HttpRequest, key: ApiKey) -> str:
        api_keys.revoke_key(api_key_id=key.pk)
        return f"{key.name} is revoked."

    @admin.display(description="Key", ordering="prefix")
    def display(self, key: ApiKey) -> str:
        return f"mbp_{key.mode}_{key.prefix}…"

    @admin.display(description="Belongs to")
    def belongs_to(self, key: ApiKey) -> Any:
        """A user by name alone: few may open a user's page, and the key's own page links there for those."""
        return self.belongs_to_project(key) if key.kind == ApiKey.Kind.PROJECT else str(key.owner)

    @admin.display(description="State")
    def state(self, key: ApiKey) -> Any:
        if key.revoked_at is not None:
            return badge("Revoked", "danger")
        if not is_usable(key):
            return badge("Expired", "warning")
        return badge("Being replaced", "info") if key.replaced_by_id else badge("Active", "success")
