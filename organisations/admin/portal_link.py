"""Adds to a customer's page: its portal as the customer sees it, and links to it: made and shown once, mailed, listed
and revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyInline,
    badge,
    extends,
    object_action,
    object_page,
    short_time,
)
from billing_platform.lib.dates_in_words import time_text
from organisations.audit import acting_person
from organisations.models import Organisation, PortalLink
from organisations.services import portal_links

SHOWN = ""
TONES = {"Open": "success", "Ended": "warning", "Revoked": "danger"}


class PortalLinkForm(ActionForm):
    to = forms.ChoiceField(
        label="How it reaches the customer",
        required=False,
        help_text="Mailed to addresses on file only: the billing e-mail and contacts for billing and finance.",
    )
    days = forms.IntegerField(label="Good for, in days", min_value=1, max_value=portal_links.MOST_DAYS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mailed = [(address, f"Mail it to {address}") for address in portal_links.addresses_of(self.obj)]
        self.fields["to"].choices = [(SHOWN, "Show it to me once, to pass it on"), *mailed]
        self.fields["days"].initial = settings.PORTAL_LINK_DAYS


class RevokePortalLinkForm(ActionForm):
    link = forms.ModelChoiceField(
        PortalLink.objects.none(), required=False, label="Which link", empty_label="All that are open"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["link"]
        field.queryset = self.obj.portal_links.open()
        field.label_from_instance = lambda link: _named(link, self.obj)


def _named(link: PortalLink, organisation: Organisation) -> str:
    return f"Made {time_text(link.created_at, organisation.zone)} by {link.made_by}"


class PortalLinkInline(ReadOnlyInline):
    model = PortalLink
    fields = ("made", "made_by", "is_good", "ends", "used")
    readonly_fields = fields
    made = short_time("created_at", "Made")
    ends = short_time("expires_at", "Ends")
    used = short_time("last_used_at", "Last used")

    @admin.display(description="State")
    def is_good(self, link: PortalLink) -> Any:
        return badge(link.state, TONES[link.state])


@extends(Organisation)
class PortalOfCustomer(Extension):
    inlines = (PortalLinkInline,)
    frequent = ("view_as_customer",)

    @object_page(label="View as customer", permission="organisations.view_organisation")
    def view_as_customer(self, _request: HttpRequest, organisation: Organisation) -> HttpResponse:
        """The page belongs to payments: only its name is known here."""
        return HttpResponseRedirect(reverse("payments:portal_look", kwargs={"customer_id": organisation.pk}))

    @object_action(
        label="Portal link",
        permission="organisations.manage_portallink",
        form=PortalLinkForm,
        confirm="Whoever has the link sees this customer's invoices, payments and usage, and may pay. Links made before"
        " stay good.",
        facts=lambda _request, organisation: [("Open links", str(organisation.portal_links.open().count()))],
        icon="meeting_room",
    )
    def portal_link(self, request: HttpRequest, organisation: Organisation, *, to: str, days: int) -> Any:
        by = acting_person()
        if to:
            portal_links.mail_link(organisation_id=organisation.pk, to=to, made_by=by, days=days)
            return f"A link to the portal is on its way to {to}."
        made = portal_links.make_link(organisation_id=organisation.pk, made_by=by, days=days)
        return self.page.show_secret(request, organisation, title=f"Portal of {organisation}", secret=made.address)

    @object_action(
        label="Revoke portal links",
        permission="organisations.manage_portallink",
        when=lambda organisation: organisation.portal_links.open().exists(),
        form=RevokePortalLinkForm,
        confirm="The link opens nothing any more, nor do pages that were opened by it. The customer can ask for a new"
        " one, which is mailed to the addresses on file only.",
        danger=True,
        icon="link_off",
    )
    def revoke_portal_links(self, request: HttpRequest, organisation: Organisation, *, link: PortalLink | None) -> str:
        if link is not None:
            portal_links.revoke_link(link_id=link.pk, by=acting_person())
            return "The link is revoked."
        count = portal_links.revoke_links(organisation_id=organisation.pk, by=acting_person())
        return "1 link is revoked." if count == 1 else f"{count} links are revoked."
