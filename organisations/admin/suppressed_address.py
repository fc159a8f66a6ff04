"""Addresses that nothing is e-mailed to, and the way to allow one again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import (
    ActionForm,
    DropdownFilter,
    ReadOnlyAdmin,
    badge,
    link,
    object_action,
    short_time,
    status,
)
from billing_platform.lib.limits import REASON_LENGTH
from organisations.audit import acting_person
from organisations.models import SuppressedAddress
from organisations.scoping import reaches_every_organisation
from organisations.services.bounces import allow_again


class AllowForm(ActionForm):
    because = forms.CharField(max_length=REASON_LENGTH, label="Reason", help_text="Such as: they have repaired it.")


class StandingFilter(DropdownFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("standing", "Suppressed"), ("lifted", "Allowed again")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in ("standing", "lifted"):
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "standing")


@admin.register(SuppressedAddress)
class SuppressedAddressAdmin(ReadOnlyAdmin):
    empty_hint = "An address gets here by itself, when an e-mail to it bounces or somebody there complains."
    list_on_a_phone = ("address", "why", "state")
    list_display = ("address", "why", "state", "suppressed_since", "source")
    list_filter = (StandingFilter, "reason", "since")
    search_fields = ("address", "detail")
    list_select_related = ("notification",)
    fields = ("address", "why", "state", "since", "detail", "source", "lifted_at", "lifted_by", "lifted_because")

    why = status("reason", {"bounced": "danger", "complained": "danger"}, "Why")
    suppressed_since = short_time("since", "Since")
    source = link("notification", "E-mail")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It tells of all customers at once."""
        return self.may(request, "view") and reaches_every_organisation(request.user)

    @admin.display(description="State")
    def state(self, row: SuppressedAddress) -> Any:
        return badge("Suppressed", "warning") if row.lifted_at is None else badge("Allowed again")

    @object_action(
        label="Allow again",
        permission="organisations.lift_suppressedaddress",
        when=lambda row: row.lifted_at is None,
        form=AllowForm,
        confirm="E-mails are sent there again. What was not sent meanwhile is sent again on each e-mail's page.",
        facts=lambda _request, row: [("Address", row.address), ("Why", row.sentence), ("What was said", row.detail)],
        icon="check_circle",
    )
    def allow(self, request: HttpRequest, row: SuppressedAddress, *, because: str) -> str:
        allow_again(suppressed_id=row.pk, because=because, by=acting_person())
        return f"E-mails are sent to {row.address} again."
