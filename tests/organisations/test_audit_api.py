"""The audit log over the API: as the contract has it, and of the key's own organisations only."""

from __future__ import annotations

from typing import Any

from django.test.client import Client

from organisations.models import Membership, Organisation
from tests import factories

URL = "/api/v1/admin/audit-log"


def _rename(api: Client, organisation: Organisation, name: str) -> None:
    address = f"/api/v1/admin/organisations/{organisation.pk}"
    assert api.patch(address, {"name": name}, content_type="application/json").status_code == 200


def _entries(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_a_change_is_told_with_its_before_and_after_and_the_key(api: Client, acme: Organisation) -> None:
    _rename(api, acme, "Acme Mines")
    newest = _entries(api, f"object_id={acme.pk}&kind=organisation&action=update")[0]
    assert newest["changes"]["name"] == ["Acme", "Acme Mines"]
    assert (newest["organisation"], newest["object_id"]) == (str(acme.pk), str(acme.pk))
    assert newest["api_key"]
    assert newest["who"]
    assert newest["request_id"]


def test_a_key_of_one_customer_sees_nothing_of_another(api: Client, acme: Organisation, globex: Organisation) -> None:
    _rename(api, acme, "Acme Mines")
    theirs = factories.client(factories.admin_key(factories.member("g", globex, Membership.Role.ADMIN)))
    _rename(api, globex, "Globex Mines")
    assert {entry["organisation"] for entry in _entries(theirs)} == {str(globex.pk)}
    assert _entries(theirs, f"organisation={acme.pk}") == []


def test_the_log_can_be_narrowed_by_time_and_refuses_an_unknown_action(api: Client, acme: Organisation) -> None:
    _rename(api, acme, "Acme Mines")
    assert _entries(api, "since=2999-01-01T00:00:00Z") == []
    assert _entries(api, "until=2999-01-01T00:00:00Z") != []
    assert api.get(f"{URL}?action=nonsense").status_code == 400
    assert api.post(URL, {}, content_type="application/json").status_code == 405
