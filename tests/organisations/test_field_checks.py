"""The API refuses a customer whose fields have wrong values, and names the field."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client

from organisations.models import Organisation
from tests.factories import billing_entity

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/organisations"
GOOD = {"name": "Initech", "billing_email": "pay@initech.example", "state_code": "29"}

WRONG: dict[str, list[Any]] = {
    "currency": ["HRK", "XAU", "XXX", "inr", ["INR"], {}, "\ud800", 7],
    "time_zone": ["localtime", "Factory", "EST5EDT", "posix/Asia/Kolkata", "Etc/GMT+5", "\ud800", []],
    "country": ["UK", "XX", "AA", "EU", "in", {}],
    "state_code": ["96", "25", "KA"],
    "postal_code": ["000000", "56001", "560 001", "SW1A 1AA", "56\n0001"],
    "slug": ["-", "a b", "a\nb"],
    "name": ["a\nb", "a\u2028b", "\u202eevil", "   ", "\u200b"],
    "legal_name": ["a\n" * 99 + "b", "\x1b[31m"],
    "address_line1": ["first\nsecond", "a\x85b"],
    "city": ["Ben\tgaluru"],
    "tax_id": ["DE\n123"],
}
FIELDS = [(field, value) for field, values in WRONG.items() for value in values]


@pytest.fixture(autouse=True)
def _seller() -> None:
    billing_entity()


@pytest.mark.parametrize(("field", "value"), FIELDS)
def test_a_new_customer_is_refused_by_the_field(api: Client, field: str, value: Any) -> None:
    answer = api.post(URL, GOOD | {field: value}, content_type="application/json")
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field]), answer.json()
    assert not Organisation.objects.exists()


@pytest.mark.parametrize(("field", "value"), FIELDS)
def test_a_change_is_refused_by_the_field(api: Client, acme: Organisation, field: str, value: Any) -> None:
    answer = api.patch(f"{URL}/{acme.pk}", {field: value}, content_type="application/json")
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field]), answer.json()


def test_a_foreign_postal_code_has_its_own_form(api: Client) -> None:
    abroad = GOOD | {"country": "GB", "state_code": "", "postal_code": "SW1A 1AA", "currency": "GBP"}
    assert api.post(URL, abroad, content_type="application/json").status_code == 201


@pytest.mark.parametrize("path", ["/projects", "/billing-config"])
def test_projects_and_billing_config_check_the_same_fields(api: Client, acme: Organisation, path: str) -> None:
    body = {"name": "two\nlines"} if path == "/projects" else {"currency": "XAU"}
    send = api.post if path == "/projects" else api.patch
    answer = send(f"{URL}/{acme.pk}{path}", body, content_type="application/json")
    assert (answer.status_code, list(answer.json()["details"])) == (400, list(body))


def test_an_error_that_quotes_a_lone_surrogate_can_be_encoded(api: Client) -> None:
    """JSON can carry a lone surrogate, UTF-8 can't: the sentence and its details show it escaped."""
    body = '{"name": "Initech", "billing_email": "a@b.example", "country": "\\ud800", "\\udfff": 1}'
    answer = api.post(URL, body, content_type="application/json")
    assert answer.status_code == 400
    assert r"\ud800" in answer.json()["error"]
