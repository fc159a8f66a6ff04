"""ETag and If-Match: nobody overwrites what somebody else has changed meanwhile."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test.client import Client

from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import Organisation, Project
from organisations.services.contacts import add_contact
from tests import factories

ADMIN = "/api/v1/admin"


def _patch(client: Client, address: str, body: dict[str, Any], **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(address, body, content_type="application/json", headers=named)


@pytest.fixture
def address(project: Project) -> str:
    return f"{ADMIN}/projects/{project.pk}"


def test_the_version_changes_with_what_is_shown(api: Client, address: str) -> None:
    first = api.get(address)["ETag"]
    assert first == api.get(address)["ETag"]
    changed = _patch(api, address, {"name": "Other"}, If_Match=first)
    assert changed.status_code == 200
    assert changed["ETag"] == api.get(address)["ETag"] != first


def test_a_stale_version_is_refused_with_the_present_one(api: Client, address: str) -> None:
    stale = api.get(address)["ETag"]
    _patch(api, address, {"name": "Other"})
    refused = _patch(api, address, {"name": "Third"}, If_Match=stale)
    assert (refused.status_code, refused.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert refused["ETag"] == refused.json()["details"]["etag"][0] == api.get(address)["ETag"]
    assert api.get(address).json()["name"] == "Other"
    assert _patch(api, address, {"name": "Third"}, If_Match=f'"another", {refused["ETag"]}').status_code == 200


def test_a_part_that_stands_in_another_table_is_part_of_the_version(api: Client, acme: Organisation) -> None:
    config = f"{ADMIN}/organisations/{acme.pk}/billing-config"
    seen = api.get(config)["ETag"]
    _patch(api, config, {"holds": [{"kind": "no_email", "reason": "They asked for it"}]})
    assert _patch(api, config, {"holds": []}, If_Match=seen).status_code == 412


def test_weak_versions_any_version_and_nonsense(api: Client, address: str) -> None:
    tag = api.get(address)["ETag"]
    assert _patch(api, address, {"name": "A"}, If_Match=f"W/{tag}").status_code == 412
    assert _patch(api, address, {"name": "A"}, If_Match="*").status_code == 200
    nonsense = _patch(api, address, {"name": "B"}, If_Match="unquoted")
    assert (nonsense.status_code, set(nonsense.json()["details"])) == (400, {"If-Match"})


def test_a_client_that_has_the_version_is_sent_nothing(api: Client, address: str) -> None:
    tag = api.get(address)["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        same = api.get(address, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
    assert api.get(address, headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_repeated_change_is_answered_from_its_key_although_the_version_is_gone(api: Client, address: str) -> None:
    tag = api.get(address)["ETag"]
    for replayed in (False, True):
        answer = _patch(api, address, {"name": "Once"}, If_Match=tag, Idempotency_Key="k-1")
        assert (answer.status_code, "Idempotent-Replayed" in answer) == (200, replayed)
    refused = _patch(api, address, {"name": "Twice"}, If_Match=tag, Idempotency_Key="k-2")
    assert refused.status_code == 412
    now = api.get(address)["ETag"]
    assert _patch(api, address, {"name": "Twice"}, If_Match=now, Idempotency_Key="k-2").status_code == 200


def _fee(acme: Organisation) -> str:
    fee = add_recurring_fee(organisation=acme, description="Base", amount=Decimal(5), effective_from=date(2026, 12, 1))
    return f"{ADMIN}/recurring-fees/{fee.pk}"


def _contact(acme: Organisation) -> str:
    contact = add_contact(organisation=acme, purpose="billing", email="a@acme.example")
    return f"{ADMIN}/contacts/{contact.pk}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("make", "bodies"),
    [
        (lambda acme: f"{ADMIN}/organisations/{acme.pk}", [{"name": "One"}, {"name": "Two"}]),
        (lambda acme: f"{ADMIN}/projects/{factories.project(acme).pk}", [{"name": "One"}, {"name": "Two"}]),
        (_fee, [{"description": "One"}, {"description": "Two"}]),
        (_contact, [{"name": "One"}, {"name": "Two"}]),
    ],
    ids=["organisation", "project", "fee", "contact"],
)
def test_of_two_simultaneous_changes_of_one_version_one_is_done(
    admin_key: str, acme: Organisation, make: Any, bodies: list[dict[str, str]]
) -> None:
    address = make(acme)
    tag = factories.client(admin_key).get(address)["ETag"]
    answers: list[Any] = []
    start = threading.Barrier(len(bodies))

    def change(body: dict[str, str]) -> None:
        start.wait()
        answers.append(_patch(factories.client(admin_key), address, body, If_Match=tag))
        connections.close_all()

    threads = [threading.Thread(target=change, args=[body]) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    done = next(answer for answer in answers if answer.status_code == 200)
    assert factories.client(admin_key).get(address)["ETag"] == done["ETag"]
