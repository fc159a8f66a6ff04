"""The API filters, replays, edits and discards dead letters, and checks the key's permissions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext

from events.models import DeadLetter, EventBatch, Metric, UsageEvent
from organisations.models import ApiKey, AuditEntry, Membership, Organisation, Project
from tests import factories
from tests.events.language import event, now, send, settle

pytestmark = pytest.mark.django_db
PATH = "/api/v1/admin/dead-letters"


@pytest.fixture
def strict(acme: Organisation) -> Organisation:
    acme.strict_metrics = True
    acme.save()
    return acme


@pytest.fixture
def letter(strict: Organisation, project: Project) -> DeadLetter:
    """Of event "a", seen an hour ago."""
    send(project, event("a", "2.5"), at=now() - timedelta(hours=1))
    settle()
    return DeadLetter.objects.get()


def do(client: Client, letter: DeadLetter, verb: str, body: dict[str, Any] | str | None = None, **headers: str) -> Any:
    content = {} if body is None else body
    return client.post(f"{PATH}/{letter.pk}/{verb}", content, content_type="application/json", headers=headers)


def define(organisation: Organisation) -> None:
    Metric.objects.create(organisation=organisation, name="api_calls", unit="call")


def test_letters_are_found_by_every_filter_the_last_seen_first(
    api: Client, letter: DeadLetter, project: Project
) -> None:
    other = factories.project(factories.organisation("Initech", strict_metrics=True))
    send(other, event("b"))
    settle()
    half_an_hour_ago = (now() - timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    queries = {
        "": ["b", "a"],
        f"organisation={letter.organisation_id}": ["a"],
        f"project={other.pk}": ["b"],
        "reason=METRIC_UNKNOWN": ["b", "a"],
        "reason=VALUE_MISSING": [],
        "status=open": ["b", "a"],
        "status=replayed": [],
        "event_id=a": ["a"],
        f"since={half_an_hour_ago}": ["b"],
        f"until={half_an_hour_ago}": ["a"],
    }
    for query, expected in queries.items():
        answer = api.get(f"{PATH}?{query}")
        assert [found["event_id"] for found in answer.json()["results"]] == expected, query
    for query in ("status=closed", "reason=x", "organisation=1", "since=yesterday"):
        assert api.get(f"{PATH}?{query}").status_code == 400, query


def test_replay_counts_the_event_and_says_where_it_went(
    api: Client, letter: DeadLetter, strict: Organisation, project_key: str
) -> None:
    refused = do(api, letter, "replay")
    assert (refused.status_code, refused.json()["code"]) == (409, "METRIC_UNKNOWN")
    define(strict)
    answer = do(api, letter, "replay", {"reason": "defined now"}).json()
    assert (answer["status"], answer["resolved_by"], answer["resolution"]) == ("replayed", "admin", "defined now")
    batch = EventBatch.objects.get(pk=answer["replay_batch_id"])
    assert (batch.is_replay, batch.received_at) == (True, letter.first_seen_at)
    events = factories.client(project_key)
    assert events.get("/api/v1/events/a").json()["status"] == "pending"
    settle()
    assert events.get("/api/v1/events/a").json()["status"] == "counted"
    again = do(api, letter, "replay")
    assert (again.status_code, again.json()["code"]) == (409, "DEAD_LETTER_RESOLVED")


def test_an_edit_is_exact_and_its_errors_name_the_field(api: Client, letter: DeadLetter, strict: Organisation) -> None:
    wrong = do(api, letter, "replay", {"event": event("a", "-1", unit="call")})
    assert (wrong.status_code, list(wrong.json()["details"])) == (400, ["metric_value"])
    assert list(do(api, letter, "replay", {"event": event("b")}).json()["details"]) == ["event_id"]
    assert do(api, letter, "replay", {"event": "a"}).status_code == 400
    define(strict)
    body = (
        '{"event": {"metric_name": "api_calls", "metric_value": 12345678901.12345678, "unit": "call",'
        ' "metadata": {"rate": 0.12345678901234567890123}}}'
    )
    assert do(api, letter, "replay", body).status_code == 200
    settle()
    with connection.cursor() as cursor:
        cursor.execute("SELECT quantity::text, metadata->>'rate' FROM events_usageevent")
        assert cursor.fetchone() == ("12345678901.12345678", "0.12345678901234567890123")


def test_an_edit_nested_beyond_measure_is_a_400(api: Client, letter: DeadLetter, strict: Organisation) -> None:
    define(strict)
    for depth in (40, 900, 100_000):
        deep = '{"a":' * depth + "1" + "}" * depth
        body = f'{{"event": {{"metric_name": "api_calls", "metric_value": 1, "unit": "call", "metadata": {deep}}}}}'
        assert do(api, letter, "replay", body).status_code == 400, depth


def test_discard_needs_a_reason_and_is_noted_with_who(api: Client, letter: DeadLetter) -> None:
    assert do(api, letter, "discard").status_code == 400
    assert do(api, letter, "discard", {"reason": " "}).status_code == 400
    answer = do(api, letter, "discard", {"reason": "a test of theirs"}).json()
    assert (answer["status"], answer["resolution"]) == ("discarded", "a test of theirs")
    assert do(api, letter, "discard", {"reason": "again"}).json()["code"] == "DEAD_LETTER_RESOLVED"
    entry = AuditEntry.objects.filter(object_pk=str(letter.pk)).latest("pk")
    assert (entry.actor.username, entry.additional_data["source"]) == ("admin", "api")
    assert entry.changes["status"] == ["open", "discarded"]


def test_with_an_idempotency_key_the_answer_is_repeated_and_nothing_else(
    api: Client, letter: DeadLetter, strict: Organisation
) -> None:
    define(strict)
    first, second = (do(api, letter, "replay", **{"Idempotency-Key": "r-1"}) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert second["Idempotent-Replayed"] == "true"
    assert first.json() == second.json()
    settle()
    assert UsageEvent.objects.count() == 1
    assert EventBatch.objects.filter(is_replay=True).count() == 1


def test_under_an_idempotency_key_a_dropped_day_comes_back_too(
    api: Client, project: Project, strict: Organisation
) -> None:
    send(project, event("a"), at=datetime(2026, 9, 14, 12, tzinfo=UTC))
    settle()
    define(strict)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE events_eventbatch_20260914")
    assert do(api, DeadLetter.objects.get(), "replay", **{"Idempotency-Key": "r-1"}).status_code == 200
    assert settle().counted == 1


@pytest.mark.parametrize(
    ("role", "scope", "seen", "done"),
    [
        (Membership.Role.VIEWER, ApiKey.Scope.ADMIN, 200, 403),
        (Membership.Role.OPERATOR, ApiKey.Scope.READ, 200, 403),
        (Membership.Role.OPERATOR, ApiKey.Scope.WRITE, 200, 200),
    ],
)
def test_scope_and_role_decide(
    letter: DeadLetter, strict: Organisation, role: str, scope: str, seen: int, done: int
) -> None:
    client = factories.client(factories.admin_key(factories.member("somebody", strict, role), scope))
    assert client.get(PATH).status_code == seen
    assert do(client, letter, "discard", {"reason": "no"}).status_code == done


def test_another_organisations_letter_does_not_exist(letter: DeadLetter) -> None:
    stranger = factories.member("stranger", factories.organisation("Initech"), Membership.Role.ADMIN)
    client = factories.client(factories.admin_key(stranger))
    assert client.get(PATH).json()["results"] == []
    for verb in ("replay", "discard"):
        assert do(client, letter, verb, {"reason": "no"}).status_code == 404
    letter.refresh_from_db()
    assert letter.status == "open"


def test_a_list_shows_how_an_unreadable_request_begins(api: Client, letter: DeadLetter, project: Project) -> None:
    whole = "Z2FyYmFnZQ" * 100
    other = send(project, event("b", metadata={"price": 1.5}))
    settle()
    DeadLetter.objects.filter(event_id="a").update(accepted_event={"base64": whole})
    with CaptureQueriesContext(connection) as asked:
        listed = {found["event_id"]: found["payload"] for found in api.get(PATH).json()["results"]}
    assert listed["a"] == {"base64": whole[:200] + "…"}
    assert listed["b"] == DeadLetter.objects.get(batch_id=other.batch_id).accepted_event
    assert not any('"events_deadletter"."accepted_event",' in query["sql"] for query in asked), (
        "nothing brings it whole"
    )
    DeadLetter.objects.filter(event_id="a").update(accepted_event={"base64": "Z2FyYmFnZQ=="})
    assert api.get(f"{PATH}?event_id=a").json()["results"][0]["payload"] == {"base64": "Z2FyYmFnZQ=="}
