"""Customers by the API: GSTIN and State agree, errors name their field, answers have the contract's shape."""

from __future__ import annotations

import pytest
from django.test.client import Client

from organisations.models import Organisation
from organisations.services import onboarding
from tests.factories import KARNATAKA_GSTIN, billing_entity

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/organisations"
GOOD = {"name": "Initech", "billing_email": "pay@initech.example", "state_code": "29"}


@pytest.fixture(autouse=True)
def _seller() -> None:
    billing_entity()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"gstin": "29AAGCB7383J1Z5"}, "gstin"),  # wrong check character
        ({"gstin": KARNATAKA_GSTIN, "state_code": "27"}, "state_code"),
        ({"state_code": ""}, "state_code"),
        ({"state_code": "77"}, "state_code"),
        ({"country": "US"}, "country"),  # with an Indian State
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"currency": "XYZ"}, "currency"),
        ({"billing_email": "nobody"}, "billing_email"),
        ({"payment_terms_days": 400}, "payment_terms_days"),
        ({"name": ""}, "name"),
    ],
)
def test_a_bad_field_is_a_400_that_names_it(api: Client, change: dict[str, object], field: str) -> None:
    answer = api.post(URL, GOOD | change, content_type="application/json")
    assert answer.status_code == 400
    body = answer.json()
    assert field in body["details"]
    assert body["error"].startswith(f"{field}: ")
    assert body["code"] == "VALIDATION_ERROR"
    assert body["request_id"] == answer["X-Request-ID"]


def test_the_gstin_is_normalised_and_gives_the_state(api: Client) -> None:
    answer = api.post(
        URL, GOOD | {"gstin": f" {KARNATAKA_GSTIN.lower()}", "state_code": ""}, content_type="application/json"
    )
    assert answer.status_code == 201, answer.json()
    assert answer.json()["gstin"] == KARNATAKA_GSTIN
    assert answer.json()["state_code"] == "29"


def test_names_may_repeat_and_slugs_never_do(api: Client) -> None:
    slugs = [api.post(URL, GOOD, content_type="application/json").json()["slug"] for _ in range(3)]
    assert slugs == ["initech", "initech-2", "initech-3"]


def test_the_list_is_paged_as_the_contract_says(api: Client, acme: Organisation, globex: Organisation) -> None:
    page = api.get(URL, {"page_size": 1}).json()
    assert set(page) == {"count", "next", "previous", "results"}
    assert page["count"] == 2
    assert len(page["results"]) == 1
    assert page["next"] is not None


def test_both_forms_of_an_address_answer_without_redirect(api: Client, acme: Organisation) -> None:
    assert api.get(f"{URL}/").status_code == 200
    assert api.get(f"{URL}/{acme.pk}/").status_code == 200


def test_billing_config_shows_and_changes_only_how_it_is_billed(api: Client, acme: Organisation) -> None:
    url = f"{URL}/{acme.pk}/billing-config"
    answer = api.patch(url, {"payment_terms_days": 30, "name": "Hacked"}, content_type="application/json")
    assert answer.json()["payment_terms_days"] == 30
    acme.refresh_from_db()
    assert (acme.payment_terms_days, acme.name) == (30, "Acme")


def test_a_second_project_of_one_name_is_refused(api: Client, acme: Organisation) -> None:
    url = f"{URL}/{acme.pk}/projects"
    assert api.post(url, {"name": "Main"}, content_type="application/json").status_code == 201
    again = api.post(url, {"name": "Main"}, content_type="application/json")
    assert again.status_code == 400
    assert "project" in again.json()["error"]


def test_two_changes_at_once_keep_each_other(acme: Organisation) -> None:
    """Each was read before the other was written; neither puts back what the other changed."""
    mine, yours = Organisation.objects.get(pk=acme.pk), Organisation.objects.get(pk=acme.pk)
    onboarding.update_organisation(organisation=mine, payment_terms_days=45)
    onboarding.update_organisation(organisation=yours, billing_email="new@acme.example")
    acme.refresh_from_db()
    assert (acme.payment_terms_days, acme.billing_email) == (45, "new@acme.example")
