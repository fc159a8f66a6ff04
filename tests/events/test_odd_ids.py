"""Every accepted event id can be looked up, and the look-up finds only this id."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test.client import Client
from msgspec import Raw

from events.models import EventBatch
from events.wire import packing
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import event, now, post, post_raw, settle

pytestmark = pytest.mark.django_db

ASKABLE = [
    *["plain", "a/b", "a//b", "/a", "a/ ", "batch", "batch/x", "events", " ", " a", "a ", "..", ".", "../x", "a/../b"],
    *["%", "%2F", "a%2Fb", "a%252Fb", "?x=1", "a?b", "#x", "a#b", "a&b=c", "a+b", "a b", "'", '"', "\\", "<b>", "नाम"],
    *["🧾", "e\u0301", "é", "İ", "ß", "A", "a", "correction:1:usage", "null", "0", "00", "x" * 255, "é" * 255],
]
REFUSED = ["id/", "id//", "/", "a\nb", "a\tb", "\x1f", "a\x7f", "a\x85", "\u0000"]


def _quantity(client: Client, event_id: str, *, by: str) -> str | int:
    if by == "path":
        answer = client.get(f"/api/v1/events/{quote(event_id, safe='/')}")
    else:
        answer = client.get("/api/v1/events", {"event_id": event_id})
    return answer.json()["quantity"] if answer.status_code == 200 else answer.status_code


@pytest.mark.parametrize("by", ["path", "query"])
def test_what_is_accepted_answers_for_itself(acme: Organisation, project_key: str, project: Project, by: str) -> None:
    """Each id has a quantity of its own; the test client, like granian, leaves dots in a path alone."""
    quantities = {event_id: str(number) for number, event_id in enumerate(ASKABLE, start=1)}
    sent = post(project_key, *[event(event_id, value) for event_id, value in quantities.items()])
    assert (sent.status_code, sent.json()["rejected"]) == (202, [])
    client = factories.client(project_key)
    assert {event_id: _quantity(client, event_id, by=by) for event_id in ASKABLE} == quantities, "pending"
    settle()
    counted = {event_id: f"{value}.00000000" for event_id, value in quantities.items()}
    assert {event_id: _quantity(client, event_id, by=by) for event_id in ASKABLE} == counted


@pytest.mark.parametrize("event_id", REFUSED)
@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/batch"])
def test_what_could_not_be_asked_for_is_refused(acme: Organisation, project_key: str, event_id: str, path: str) -> None:
    body = event(event_id) if path.endswith("events") else {"events": [event(event_id), event("good")]}
    answer = factories.client(project_key).post(path, body, content_type="application/json")
    if path.endswith("events"):
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        assert "event_id" in answer.json()["error"]
    else:
        assert (answer.status_code, answer.json()["accepted"], len(answer.json()["rejected"])) == (202, 1, 1)


def test_an_escaped_slash_and_a_lone_surrogate_are_refused_too(project_key: str) -> None:
    for written in (r"id\/", r"id\u002f", r"\ud800", r"a\u000a"):
        body = f'{{"event_id":"{written}","metric_name":"m","metric_value":1,"unit":"u"}}'
        assert post_raw(project_key, body, "/api/v1/events").status_code == 400, written


def test_odd_ids_of_old_are_found_by_query(acme: Organisation, project_key: str, project: Project) -> None:
    """They were accepted once, and lie in the ledger."""
    ids = ["id1", "id1/", "id1//", "a\nb"]
    rows = [(event_id, "api_calls", "call", str(n), None, Raw(b"null")) for n, event_id in enumerate(ids, 1)]
    EventBatch.objects.create(
        organisation=acme, project=project, received_at=now(), event_count=len(rows), packed_events=packing.pack(rows)
    )
    settle()
    client = factories.client(project_key)
    assert [_quantity(client, event_id, by="query") for event_id in ids] == [f"{n}.00000000" for n in range(1, 5)]
    assert _quantity(client, "id1", by="path") == "1.00000000"


def test_both_forms_of_an_address_answer_and_a_query_needs_an_id(
    acme: Organisation, project_key: str, project: Project
) -> None:
    post(project_key, event("id1"))
    client = factories.client(project_key)
    for path in ("/api/v1/events/id1", "/api/v1/events/id1/", "/events/id1", "/events?event_id=id1"):
        assert client.get(path).json()["event_id"] == "id1", path
    asked = client.get("/api/v1/events")
    assert (asked.status_code, "event_id" in asked.json()["details"]) == (400, True)
    assert client.get("/api/v1/events?event_id=%00").status_code == 404
    assert Client().get("/api/v1/events?event_id=id1").status_code == 401
