"""Saved views: a list as one wants it again, with how many rows it has now."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from organisations.models import AuditEntry, Membership, Organisation, SavedView
from tests import factories
from tests.admin.conftest import signed_in

CUSTOMERS = "/admin/organisations/organisation/"
RUPEES = "currency__exact=INR&columns=name%2Cgstin"


def save(person: Client, name: str = "Rupee customers", **sent: str) -> Any:
    sent = {"list_of": "organisations.organisation", "query": RUPEES, "name": name, **sent}
    return person.post("/admin/views/save/", sent, follow=True)


def sidebar(person: Client) -> list[list[str]]:
    """The pinned views, each with its count."""
    page = person.get("/admin/").content.decode()
    group = re.search(r"My views.*?</ol>", page, re.DOTALL)
    items = re.findall(r"<li>.*?</li>", group[0], re.DOTALL) if group else []
    return [re.findall(r">([^<>]+)<", re.sub(r">\s+|\s+<", _tight, item))[1:] for item in items]


def _tight(found: re.Match[str]) -> str:
    return found[0].strip()


def test_a_view_keeps_filters_columns_and_order_and_counts_its_rows(
    as_admin: Client, acme: Organisation, globex: Organisation
) -> None:
    page = save(as_admin, pinned="on")

    assert page.request["QUERY_STRING"] == RUPEES
    assert f'href="{CUSTOMERS}?{RUPEES}"'.replace("&", "&amp;") in page.content.decode()
    assert sidebar(as_admin) == [["Rupee customers", "1"]]


def test_a_view_of_the_same_name_is_replaced_and_pinned_or_not(as_admin: Client, acme: Organisation) -> None:
    save(as_admin, pinned="on")
    save(as_admin, query="currency__exact=USD")
    view = SavedView.objects.get()
    assert (view.query, sidebar(as_admin)) == ("currency__exact=USD", [])
    changes = AuditEntry.objects.filter(object_pk=str(view.pk), action=AuditEntry.Action.UPDATE)
    assert [entry.changes["query"] for entry in changes] == [[RUPEES, "currency__exact=USD"]]  # it may go out by e-mail

    as_admin.post(f"/admin/views/{view.pk}/pin/")
    assert sidebar(as_admin) == [["Rupee customers", "0"]]
    as_admin.post(f"/admin/views/{view.pk}/delete/")
    assert not SavedView.objects.exists()


def test_a_shared_view_is_seen_by_who_serves_all_customers_only(
    as_admin: Client, as_operator: Client, acme: Organisation
) -> None:
    """Its name may tell of a customer that the others do not know."""
    colleague = signed_in(factories.member("colleague", None, Membership.Role.VIEWER))
    save(as_admin, "Globex and others", shared="on")
    save(as_operator, "Mine", shared="on")
    view = SavedView.objects.get(name="Globex and others")

    assert "Globex and others" in colleague.get(CUSTOMERS).content.decode()
    assert "Globex and others" not in as_operator.get(CUSTOMERS).content.decode()
    assert as_operator.post(f"/admin/views/{view.pk}/pin/").status_code == 404
    assert not SavedView.objects.get(name="Mine").is_shared
    colleague.post(f"/admin/views/{view.pk}/delete/")
    assert SavedView.objects.filter(pk=view.pk).exists()


@pytest.mark.parametrize(
    ("sent", "status"),
    [({"list_of": "auth.permission"}, 404), ({"list_of": ""}, 404), ({"list_of": "auth.user"}, 403)],
)
def test_only_lists_that_one_may_see_are_saved(as_operator: Client, sent: dict[str, str], status: int) -> None:
    assert save(as_operator, **sent).status_code == status


def test_a_view_without_a_name_or_with_filters_of_another_time_breaks_nothing(as_admin: Client) -> None:
    assert "Give the view a name" in save(as_admin, " ").content.decode()
    assert "control characters" in save(as_admin, "N\x00l").content.decode()

    save(as_admin, "Old", query="no_such_field=1", pinned="on")
    save(as_admin, "Older", query="projects__name=x", pinned="on")
    assert sidebar(as_admin) == [["Old"], ["Older"]]
