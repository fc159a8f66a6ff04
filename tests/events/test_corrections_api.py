"""Corrections by the API and by admin pages, and how the sender and the audit log see them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib import clock
from events.models import UsageCorrection
from organisations.models import AuditEntry, Organisation, Project
from tests import factories
from tests.events.correcting import (
    IN_NOVEMBER,
    IN_OCTOBER,
    MID_NOVEMBER,
    close_october,
    correct,
    counted,
    usage,
    void,
)
from tests.events.language import event

pytestmark = pytest.mark.django_db

URL = "/api/v1/admin/usage-corrections"


@pytest.fixture(autouse=True)
def the_twelfth_of_november() -> Iterator[None]:
    with clock.standing_at(MID_NOVEMBER):
        yield


def post(client: Any, to: Project, body: str = "", **extra: Any) -> Any:
    values = {"project": str(to.pk), "event_id": "a", "action": "void", "reason": "a test"} | extra
    headers = {name: values.pop(name) for name in list(values) if name.startswith("HTTP_")}
    return client.post(URL, body or values, content_type="application/json", **headers)


def test_the_audit_log_says_what_changed_and_why(acme: Organisation, project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    correct(project, "a", "0")
    void(project, "a", reason="not theirs at all")
    notes = AuditEntry.objects.filter(content_type__model="usageevent").order_by("id")
    assert [note.changes for note in notes] == [
        {"quantity": ["10", "0"]},
        {"quantity": ["0", "void"]},
    ]
    assert notes[1].additional_data["reason"] == "not theirs at all"
    assert notes[1].additional_data["organisation"] == str(acme.pk)


def test_the_sender_sees_the_last_correction(project: Project, project_key: str) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    client = factories.client(project_key)
    assert client.get("/api/v1/events/a").json()["correction"] is None
    correct(project, "a", "7")
    seen = client.get("/api/v1/events/a").json()
    assert (seen["status"], seen["quantity"]) == ("counted", "10.00000000")
    assert seen["correction"] == {"action": "correct", "quantity": "7.00000000", "at": "2026-11-12T06:00:00Z"}
    void(project, "a")
    assert client.get("/api/v1/events/a").json()["correction"]["quantity"] is None


def test_the_api_corrects_and_shows_what_was_corrected(acme: Organisation, project: Project, api: Any) -> None:
    counted(project, event("a", "10", timestamp=IN_OCTOBER), event("b", timestamp=IN_OCTOBER))
    close_october(acme)
    made = post(api, project, action="correct", metric_value="7.5")
    assert made.status_code == 201, made.content
    assert made.json() == {
        "id": str(UsageCorrection.objects.get().pk),
        "organisation": str(acme.pk),
        "project": str(project.pk),
        "event_id": "a",
        "received_month": "2026-11",
        "action": "correct",
        "metric_name": "api_calls",
        "unit": "call",
        "quantity_before": "10.00000000",
        "quantity_after": "7.50000000",
        "counted_in": "2026-11",
        "is_late": True,
        "reason": "a test",
        "created_by": "admin",
        "created_at": "2026-11-12T06:00:00Z",
    }
    with clock.standing_at(MID_NOVEMBER + timedelta(seconds=1)):
        assert post(api, project, event_id="b").status_code == 201
    assert api.get(f"{URL}/{made.json()['id']}").json() == made.json()
    assert [row["event_id"] for row in api.get(URL).json()["results"]] == ["b", "a"]


def test_lists_are_narrowed(acme: Organisation, project: Project, api: Any) -> None:
    other = factories.project(factories.organisation("Initech"))
    for each in (project, other):
        counted(each, event("a", timestamp=IN_NOVEMBER), event("b", timestamp=IN_NOVEMBER))
        void(each, "a")
        void(each, "b")
    count = lambda **query: api.get(URL, query).json()["count"]  # noqa: E731
    assert count() == 4
    assert count(organisation=acme.pk) == count(project=other.pk) == count(event_id="a") == 2
    assert count(organisation=acme.pk, event_id="a") == 1
    assert count(organisation=acme.pk, project=other.pk) == 0
    assert api.get(URL, {"project": "x"}).status_code == 400


def test_a_number_in_the_body_stays_exact(project: Project, api: Any) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    body = (
        f'{{"project": "{project.pk}", "event_id": "a", "action": "correct", "reason": "x", '
        '"metric_value": 12345678901234567890.12345678}'
    )
    assert post(api, project, body).status_code == 201
    assert usage(project) == Decimal("12345678901234567890.12345678")


@pytest.mark.parametrize("number", ["1e9999999999999999999", "1E-9999999999999999999"])
def test_an_exponent_beyond_measure_is_refused(project: Project, api: Any, number: str) -> None:
    refused = post(api, project, f'{{"project": "{project.pk}", "metric_value": {number}}}')
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")


def test_what_is_taken_back_in_the_next_month_is_a_negative_number_in_its_csv(
    acme: Organisation, project: Project, api: Any
) -> None:
    counted(project, event("a", "10", timestamp=IN_OCTOBER))
    close_october(acme)
    void(project, "a")
    answer = api.get(f"/api/v1/admin/organisations/{acme.pk}/usage?period=2026-11&format=csv")
    (row,) = csv.DictReader(b"".join(answer.streaming_content).decode().splitlines())
    assert row["quantity"] == "-10.00000000"


def test_asking_twice_with_one_key_corrects_once(project: Project, api: Any) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    first = post(api, project, HTTP_IDEMPOTENCY_KEY="k")
    again = post(api, project, HTTP_IDEMPOTENCY_KEY="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert UsageCorrection.objects.count() == 1
    without = post(api, project)
    assert (without.status_code, without.json()["code"]) == (409, "EVENT_VOIDED")


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ({"event_id": "never sent"}, 404),
        ({"project": "not an id"}, 400),
        ({"reason": ""}, 400),
        ({"action": "forget"}, 400),
        ({"action": "correct"}, 400),
        ({"metric_value": "1"}, 400),
        ({"action": "correct", "metric_value": "-1"}, 400),
        ({"action": "correct", "metric_value": "NaN"}, 400),
        ({"action": "correct", "metric_value": True}, 400),
        ({"received_month": "October"}, 400),
        ({"received_month": "2026-10"}, 404),
    ],
)
def test_what_the_api_refuses(project: Project, api: Any, extra: dict[str, Any], status: int) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    answer = post(api, project, **extra)
    assert answer.status_code == status, answer.content
    assert answer.json()["error"]
    assert not UsageCorrection.objects.exists()


def test_who_may_correct(project: Project, operator: Any, viewer: Any, project_key: str) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER), event("b", "1", timestamp=IN_NOVEMBER))
    stranger = factories.member("stranger", factories.organisation("Initech"), "operator")
    assert post(factories.client(project_key), project).status_code == 403
    assert post(factories.client(factories.admin_key(viewer)), project).status_code == 403
    assert post(factories.client(factories.admin_key(operator, "read")), project).status_code == 403
    assert post(factories.client(factories.admin_key(stranger)), project).status_code == 404
    made = post(factories.client(factories.admin_key(operator, "write")), project)
    assert (made.status_code, made.json()["created_by"]) == (201, "operator")
    assert factories.client(factories.admin_key(viewer, "read")).get(URL).json()["count"] == 1
    assert factories.client(factories.admin_key(stranger)).get(URL).json()["count"] == 0
    shown = f"{URL}/{made.json()['id']}"
    assert factories.client(factories.admin_key(stranger)).get(shown).status_code == 404
