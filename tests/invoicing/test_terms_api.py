"""Recurring fees, minimum charges and discounts over HTTP: their whole life, their shapes, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client

from organisations.models import Membership, Organisation, Project
from tests import factories
from tests.invoicing.language import issued, per_unit, used

pytestmark = pytest.mark.django_db

ADMIN = "/api/v1/admin"


def post(api: Client, path: str, body: dict[str, Any], status: int = 201) -> Any:
    answer = api.post(f"{ADMIN}{path}", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def patch(api: Client, path: str, body: dict[str, Any], status: int = 200) -> Any:
    answer = api.patch(f"{ADMIN}{path}", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_the_life_of_a_fee(api: Client, acme: Organisation, project: Project) -> None:
    body = {
        "organisation": str(acme.pk),
        "project": str(project.pk),
        "description": "Support",
        "amount": 100,
        "effective_from": "2026-10-15",
    }
    made = post(api, "/recurring-fees", body)
    shown = {**body, "amount": "100.00", "currency": "INR", "sac": "", "effective_to": None}
    assert made | shown == made
    assert api.get(f"{ADMIN}/recurring-fees/{made['id']}").json() == made
    assert patch(api, f"/recurring-fees/{made['id']}", {"amount": "31.00", "project": None})["amount"] == "31.00"
    (line,) = api.get(f"{ADMIN}/invoices/{issued(acme).pk}").json()["line_items"]
    wanted = {"kind": "recurring", "description": "Support · 15 to 31 Oct 2026", "amount": "17.00"}
    assert line | wanted | {"recurring_fee": made["id"], "unit_price": None, "discounts": []} == line
    refused = patch(api, f"/recurring-fees/{made['id']}", {"amount": "5"}, 409)
    assert refused["code"] == "FEE_IN_USE"
    assert api.delete(f"{ADMIN}/recurring-fees/{made['id']}").json()["code"] == "FEE_IN_USE"
    reaches = patch(api, f"/recurring-fees/{made['id']}", {"effective_to": "2026-10-20"}, 409)
    assert (reaches["code"], reaches["details"]["first_possible_day"]) == ("TERMS_REACH_BILLED_MONTH", "2026-11-01")
    assert patch(api, f"/recurring-fees/{made['id']}", {"effective_to": "2026-11-15"})["effective_to"] == "2026-11-15"
    other = post(api, "/recurring-fees", {**body, "effective_from": "2026-11-15"})
    listed = api.get(f"{ADMIN}/recurring-fees?organisation={acme.pk}&project={project.pk}&currency=INR").json()
    assert [row["id"] for row in listed["results"]] == [other["id"]]
    assert api.delete(f"{ADMIN}/recurring-fees/{other['id']}").status_code == 204
    assert api.get(f"{ADMIN}/recurring-fees/{other['id']}").status_code == 404


def test_minimums_for_all_and_for_one(api: Client, acme: Organisation) -> None:
    body = {"organisation": None, "amount": "1000", "currency": "INR", "effective_from": "2026-10-01"}
    everyone = post(api, "/minimum-charges", body)
    assert everyone | {"organisation": None, "amount": "1000.00", "effective_to": None} == everyone
    own = post(api, "/minimum-charges", {**body, "organisation": str(acme.pk), "amount": 0})
    assert own["amount"] == "0.00"
    again = post(api, "/minimum-charges", {**body, "effective_from": "2026-12-01"}, 400)
    assert "Another minimum holds" in again["error"]
    assert patch(api, f"/minimum-charges/{own['id']}", {"amount": "2.50"})["amount"] == "2.50"
    listed = api.get(f"{ADMIN}/minimum-charges?organisation={acme.pk}").json()["results"]
    assert [row["id"] for row in listed] == [own["id"]]
    assert api.delete(f"{ADMIN}/minimum-charges/{own['id']}").status_code == 204


def test_a_minimum_for_all_is_for_those_who_serve_all(acme: Organisation) -> None:
    own = factories.client(factories.admin_key(factories.member("theirs", acme, Membership.Role.ADMIN)))
    body = {"amount": "1000", "currency": "INR", "effective_from": "2026-10-01"}
    assert post(own, "/minimum-charges", body, 403)["code"] == "FORBIDDEN"
    post(own, "/minimum-charges", {**body, "organisation": str(acme.pk)})


def test_the_life_of_a_discount(api: Client, acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 1000)
    body = {"organisation": str(acme.pk), "name": "Launch", "percent": "10", "effective_from": "2026-10-01"}
    made = post(api, "/discounts", body)
    shown = {"kind": "percent", "percent": "10", "amount": None, "currency": "", "times": None, "used_amount": "0.00"}
    assert made | shown == made
    changed = patch(api, f"/discounts/{made['id']}", {"percent": None, "amount": "300", "times": 2})
    wanted = {"kind": "amount", "percent": None, "amount": "300.00", "currency": "INR", "times": 2}
    assert changed | wanted == changed
    invoice = api.get(f"{ADMIN}/invoices/{issued(acme).pk}").json()
    # 1000 - 300 = 700; 18 % of it 126
    sums = {"subtotal": "1000.00", "discount_total": "300.00", "tax_total": "126.00", "total": "826.00"}
    assert invoice | sums == invoice
    taken = {"discount": made["id"], "name": "Launch", "terms": "₹300.00", "amount": "300"}
    assert (invoice["line_items"][0]["discount"], invoice["line_items"][0]["discounts"]) == ("300.00", [taken])
    (listed,) = api.get(f"{ADMIN}/discounts?organisation={acme.pk}&kind=amount").json()["results"]
    assert (listed["used_times"], listed["used_amount"]) == (1, "300.00")
    assert patch(api, f"/discounts/{made['id']}", {"name": "Other"}, 409)["code"] == "DISCOUNT_IN_USE"
    assert patch(api, f"/discounts/{made['id']}", {"effective_to": "2026-12-01"})["effective_to"] == "2026-12-01"
    assert api.delete(f"{ADMIN}/discounts/{made['id']}").json()["code"] == "DISCOUNT_IN_USE"


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("/recurring-fees", {"amount": "0"}, "amount"),
        ("/recurring-fees", {"amount": "1.001"}, "amount"),
        ("/recurring-fees", {"amount": None}, "amount"),
        ("/recurring-fees", {"effective_to": "2026-10-01"}, "effective_to"),
        ("/recurring-fees", {"effective_from": "1999-01-01"}, "effective_from"),
        ("/recurring-fees", {"sac": "12"}, "sac"),
        ("/recurring-fees", {"description": "株"}, "description"),
        ("/minimum-charges", {"amount": "-1"}, "amount"),
        ("/minimum-charges", {"currency": "XXX"}, "currency"),
        ("/discounts", {"percent": "100.5"}, "percent"),
        ("/discounts", {"percent": "0"}, "percent"),
        ("/discounts", {"amount": "5"}, "percent"),
        ("/discounts", {"unit": "call"}, "unit"),
        ("/discounts", {"times": 0}, "times"),
        ("/discounts", {"carries_remainder": True}, "carries_remainder"),
    ],
)
def test_what_is_wrong_is_named(api: Client, acme: Organisation, path: str, change: dict[str, Any], field: str) -> None:
    body = {
        "organisation": str(acme.pk), "description": "Fee", "amount": "1", "currency": "INR", "name": "Off",
        "percent": "10", "effective_from": "2026-10-01",
    }  # fmt: skip
    if path == "/discounts":
        del body["amount"]
    refused = post(api, path, {**body, **change}, 400)
    assert (refused["code"], list(refused["details"])) == ("VALIDATION_ERROR", [field])


def test_another_customers_fee_or_project_is_not_found(acme: Organisation, globex: Organisation) -> None:
    own = factories.client(factories.admin_key(factories.member("theirs", acme, Membership.Role.ADMIN)))
    theirs = factories.project(globex)
    fee = {"organisation": str(acme.pk), "description": "F", "amount": "1", "effective_from": "2026-10-01"}
    post(own, "/recurring-fees", {**fee, "project": str(theirs.pk)}, 404)
