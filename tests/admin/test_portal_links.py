"""Operators make, mail and revoke links to a customer's portal, on its page and through the API."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test.client import Client
from django.urls import reverse
from django.utils.html import escape

from organisations.models import ApiKey, Notification, Organisation, PortalLink
from organisations.services import portal_links
from tests import factories
from tests.admin.test_object_actions import act, action_url

pytestmark = pytest.mark.django_db


def opened(address: str) -> int:
    return Client().get(re.sub(r"^https?://[^/]+", "", address)).status_code


def links_url(organisation: Organisation) -> str:
    return f"/api/v1/admin/organisations/{organisation.pk}/portal-links"


def test_a_link_is_shown_once_and_opens_the_portal(acme: Organisation, as_operator: Client) -> None:
    answer = act(as_operator, action_url(acme, "portal_link"), to="", days="7")
    found = re.search(r"https?://[^\s\"<]+/portal/open/[\w-]+", answer.content.decode())
    assert found
    assert answer["Referrer-Policy"] == "no-referrer"
    assert opened(found[0]) == 302
    link = PortalLink.objects.get()
    assert (round((link.expires_at - link.created_at) / timedelta(days=1)), link.made_by) == (7, "operator")
    page = as_operator.get(reverse("admin:organisations_organisation_change", args=[acme.pk])).content.decode()
    assert found[0].rpartition("/")[2] not in page
    assert not Notification.objects.exists()


def test_a_link_is_mailed_to_an_address_on_file_and_operators_cannot_open_it(
    acme: Organisation, as_operator: Client, api: Client
) -> None:
    url = action_url(acme, "portal_link")
    refused = act(as_operator, url, to="thief@else.example", days="7").content.decode()
    assert "thief@else.example is not one of the available choices" in refused
    assert not PortalLink.objects.exists()
    said = act(as_operator, url, to=acme.billing_email, days="7").content.decode()
    assert escape(f"on its way to {acme.billing_email}") in said
    mail = Notification.objects.get(kind="portal_link")
    token = re.search(r"/portal/open/([\w-]+)", mail.text)
    assert token
    page = as_operator.get(reverse("admin:organisations_notification_change", args=[mail.pk])).content.decode()
    answer = api.get(f"/api/v1/admin/email-notifications/{mail.pk}").json()
    for shown in (page, answer["text"]):
        assert "/portal/open/***" in shown
        assert token[1] not in shown


@pytest.mark.parametrize("which", ["one", "all"])
def test_links_are_revoked(acme: Organisation, as_operator: Client, which: str) -> None:
    first, second = (portal_links.make_link(organisation_id=acme.pk, made_by="olga") for _ in range(2))
    act(as_operator, action_url(acme, "revoke_portal_links"), link=str(first.link.pk) if which == "one" else "")
    assert [opened(first.address), opened(second.address)] == [410, 302 if which == "one" else 410]
    assert PortalLink.objects.get(pk=first.link.pk).revoked_by == "operator"


def test_another_customers_link_is_not_revoked(
    acme: Organisation, globex: Organisation, as_operator: Client, api: Client
) -> None:
    theirs = portal_links.make_link(organisation_id=globex.pk, made_by="olga")
    portal_links.make_link(organisation_id=acme.pk, made_by="olga")
    act(as_operator, action_url(acme, "revoke_portal_links"), link=str(theirs.link.pk))
    assert api.delete(f"{links_url(acme)}/{theirs.link.pk}").status_code == 404
    assert opened(theirs.address) == 302


def test_who_only_looks_makes_no_link(acme: Organisation, globex: Organisation, as_viewer: Client) -> None:
    portal_links.make_link(organisation_id=acme.pk, made_by="olga")
    for name in ("portal_link", "revoke_portal_links"):
        assert as_viewer.get(action_url(acme, name)).status_code == 403
        assert as_viewer.get(action_url(globex, name)).status_code in (302, 403, 404)
    assert PortalLink.objects.open().count() == 1


def test_the_api_makes_lists_and_revokes(acme: Organisation, globex: Organisation, api: Client) -> None:
    portal_links.make_link(organisation_id=globex.pk, made_by="olga")
    made = api.post(links_url(acme), {"days": 3}, content_type="application/json")
    assert made.status_code == 201
    assert opened(made.json()["url"]) == 302
    listed = api.get(links_url(acme)).json()["results"]
    assert [row["id"] for row in listed] == [made.json()["id"]]
    assert "url" not in listed[0]
    assert "token_hash" not in listed[0]
    one = f"{links_url(acme)}/{made.json()['id']}"
    assert [api.delete(one).status_code for _ in range(2)] == [204, 409]
    assert opened(made.json()["url"]) == 410
    other = api.post(links_url(acme), {}, content_type="application/json").json()["url"]
    assert api.delete(links_url(acme)).status_code == 204
    assert opened(other) == 410
    assert PortalLink.objects.open().get().organisation == globex


@pytest.mark.parametrize("days", [0, 366, "soon"])
def test_the_api_refuses_days_out_of_reach(acme: Organisation, api: Client, days: object) -> None:
    answer = api.post(links_url(acme), {"days": days}, content_type="application/json")
    assert answer.status_code == 400
    assert not PortalLink.objects.exists()


def test_a_key_that_reads_makes_no_link_and_a_customers_own_reaches_no_other(
    globex: Organisation, acme: Organisation, viewer: object, operator: object
) -> None:
    reads = factories.client(factories.admin_key(viewer, ApiKey.Scope.READ))
    assert reads.get(links_url(acme)).status_code == 200
    assert reads.post(links_url(acme), {}, content_type="application/json").status_code == 403
    assert reads.delete(links_url(acme)).status_code == 403
    acts = factories.client(factories.admin_key(operator))
    assert acts.get(links_url(globex)).status_code == 404
    assert acts.post(links_url(globex), {}, content_type="application/json").status_code == 404
    assert not PortalLink.objects.exists()
