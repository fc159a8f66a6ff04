"""Which events are accepted or rejected, and what the response contains."""

from __future__ import annotations

import gzip
import json
import time
from datetime import timedelta
from decimal import Decimal

import pytest

from events.models import EventBatch, UsageEvent
from events.wire import packing
from organisations.models import ApiKey, Organisation, Project
from organisations.services import api_keys
from tests import factories
from tests.events.language import batch_of, event, now, post, post_raw, send, settle, total

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api/v1/events", "/events", "/api/v1/events/", "/events/"])
def test_a_single_event_is_accepted_under_every_form_of_the_address(project_key: str, path: str) -> None:
    answer = post_raw(project_key, json.dumps(event("e1")), path)
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted", "event_id": "e1"})
    assert EventBatch.objects.get().event_count == 1


def test_a_batch_answers_with_its_id_and_its_rejections(project_key: str) -> None:
    answer = post(project_key, event("a"), event("b", "-1"), event("c"))
    assert answer.status_code == 202
    batch = EventBatch.objects.get()
    assert answer.json() == {
        "status": "accepted",
        "batch_id": str(batch.pk),
        "accepted": 2,
        "rejected": [
            {
                "index": 1,
                "event_id": "b",
                "code": "INVALID_QUANTITY",
                "message": "metric_value must not be negative",
            }
        ],
    }
    assert (batch.event_count, batch.status) == (2, "pending")


def test_ndjson_takes_the_good_lines(project_key: str) -> None:
    body = "\n".join([json.dumps(event("a")), "", "{broken", json.dumps(event("b"))])
    answer = post_raw(project_key, body, content_type="application/x-ndjson")
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [rejection["index"] for rejection in answer.json()["rejected"]] == [1]


def test_gzip_is_unpacked(project_key: str) -> None:
    body = gzip.compress(json.dumps({"events": [event("a")]}).encode())
    assert post_raw(project_key, body, headers={"Content-Encoding": "gzip"}).json()["accepted"] == 1


def test_a_gzip_bomb_is_refused_without_being_unpacked(project_key: str) -> None:
    bomb = gzip.compress(b" " * 200_000_000, 9)
    assert len(bomb) < 250_000
    answer = post_raw(project_key, bomb, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "body",
    [b"not gzip", gzip.compress(b'{"events": []}')[:-6], gzip.compress(b"{}") * 2],
    ids=["not gzip", "cut off", "twice"],  # the bytes have the time in them, and workers have to agree on names
)
def test_damaged_gzip_is_a_client_error(project_key: str, body: bytes) -> None:
    assert post_raw(project_key, body, headers={"Content-Encoding": "gzip"}).status_code == 400


def test_all_or_nothing_on_request(project_key: str) -> None:
    answer = post(project_key, event("a"), event("b", "x"), path="/api/v1/events/batch?atomic=true")
    assert answer.status_code == 400
    assert [rejection["index"] for rejection in answer.json()["details"]["rejected"]] == [1]
    assert not EventBatch.objects.exists()


def test_none_valid_is_an_error_with_the_same_list(project_key: str) -> None:
    answer = post(project_key, event("a", "x"), event("b", "y"))
    body = answer.json()
    assert (answer.status_code, body["code"], body["status_code"]) == (400, "VALIDATION_ERROR", 400)
    assert [rejection["event_id"] for rejection in body["details"]["rejected"]] == ["a", "b"]
    assert not EventBatch.objects.exists()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("12.5", "12.50000000"),
        ('"12.50000000"', "12.50000000"),
        ("0", "0E-8"),
        ("-0", "0E-8"),
        ("1e2", "100.00000000"),
        ("1.5E-3", "0.00150000"),
        ("0.00000001", "1E-8"),
        ("1E-8", "1E-8"),
        ('"1e-8"', "1E-8"),
        ("0.1", "0.10000000"),
        ('"0.10"', "0.10000000"),
        ("0.1000000000", "0.10000000"),
        ("99999999999999999999.99999999", "99999999999999999999.99999999"),
        ('" 7 "', "7.00000000"),
    ],
)
def test_quantities_are_kept_exactly(acme: Organisation, project_key: str, sent: str, kept: str) -> None:
    body = json.dumps({"events": [event("q", 0)]}).replace('"metric_value": 0', f'"metric_value": {sent}')
    assert post_raw(project_key, body).status_code == 202
    settle()
    assert UsageEvent.objects.get(organisation=acme).quantity == Decimal(kept)


BAD_VALUES = [
    "-1", "-0.00000001", '"NaN"', '"Infinity"', '"-Infinity"', '"sNaN"', "1e400", '"1e400"', "1e21", "0.000000001",
    "1.123456789", "100000000000000000000", '"1,000"', '"１２"', '"0x10"', '""', '" "', "true", "null", "[]", "{}",
    '"1_000"', '"' + "9" * 5000 + '"', "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("value", BAD_VALUES)
def test_what_is_no_quantity_is_refused(project_key: str, value: str) -> None:
    body = json.dumps({"events": [event("q", 0)]}).replace('"metric_value": 0', f'"metric_value": {value}')
    answer = post_raw(project_key, body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["details"]["rejected"][0]["index"] == 0


BAD_EVENTS = {
    "no id": {"event_id": None},
    "empty id": {"event_id": ""},
    "long id": {"event_id": "x" * 256},
    "number as id": {"event_id": 5},
    "NUL in id": {"event_id": "a\x00b"},
    "NUL in metric": {"metric_name": "a\x00b"},
    "NUL in unit": {"unit": "\x00"},
    "long metric": {"metric_name": "x" * 101},
    "empty metric": {"metric_name": ""},
    "long unit": {"unit": "x" * 51},
    "unit missing": {"unit": None},
    "no time zone": {"timestamp": "2026-11-20T10:00:00"},
    "not a time": {"timestamp": "yesterday"},
    "seconds since 1970": {"timestamp": 1763630000},
    "no such day": {"timestamp": "2026-02-30T10:00:00Z"},
    "long ago": {"timestamp": "2001-01-01T00:00:00Z"},
    "far ahead": {"timestamp": "2999-01-01T00:00:00Z"},
    "year one": {"timestamp": "0001-01-01T00:00:00+14:00"},
    "last year of all": {"timestamp": "9999-12-31T23:59:59-12:00"},
    "metadata is a list": {"metadata": ["a"]},
    "metadata is text": {"metadata": "a"},
    "metadata too long": {"metadata": {"a": "x" * 8192}},
    "metadata too deep": {"metadata": {"a": json.loads("[" * 40 + "]" * 40)}},
    "NUL in metadata": {"metadata": {"a": ["b", {"c": "d\x00"}]}},
    "NUL in a metadata key": {"metadata": {"a\x00": 1}},
}


@pytest.mark.parametrize("fields", BAD_EVENTS.values(), ids=BAD_EVENTS.keys())
def test_a_bad_event_is_reported_and_the_good_event_beside_it_is_accepted(
    project_key: str, fields: dict[str, object]
) -> None:
    answer = post(project_key, event("good"), event("bad") | fields)
    assert answer.status_code == 202, answer.content
    assert answer.json()["accepted"] == 1
    assert [rejection["index"] for rejection in answer.json()["rejected"]] == [1]
    assert settle().counted == 1


BAD_BODIES = {
    "empty": b"",
    "not JSON": b"hello",
    "cut off": b'{"events": [{"event_id": "a"',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "no events": b'{"events": []}',
    "events is an object": b'{"events": {}}',
    "events missing": b"{}",
    "events of numbers": b'{"events": [1, 2]}',
    "not UTF-8": b'{"events": [{"event_id": "\xff\xfe"}]}',
    "surrogate in UTF-8": b'{"events": [{"event_id": "\xed\xa0\x80"}]}',
    "lone surrogate": b'{"events": [{"event_id": "\\ud800", "metric_name": "a", "unit": "b", "metric_value": 1}]}',
    "deep": b'{"events": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep beside": b'{"x": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b', "events": []}',
    "NaN": b'{"events": [{"event_id": "a", "metric_name": "a", "unit": "b", "metric_value": NaN}]}',
    "control character": b'{"events": [{"event_id": "a\x00"}]}',
}


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/batch"])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_bad_body_is_a_client_error(project_key: str, body: bytes, path: str, content_type: str) -> None:
    answer = post_raw(project_key, body, path, content_type=content_type)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]
    assert not EventBatch.objects.exists()


def test_numbers_in_metadata_that_the_database_cannot_hold_never_reach_it(acme: Organisation, project_key: str) -> None:
    tiny = json.dumps(event("tiny"))[:-1] + ', "metadata": {"x": 1e-99999}}'
    huge = json.dumps(event("huge"))[:-1] + ', "metadata": {"x": 1e99999}}'
    answer = post_raw(project_key, f"{tiny}\n{huge}", content_type="application/x-ndjson")
    assert [rejection["event_id"] for rejection in answer.json()["rejected"]] == ["huge"]
    assert settle().counted == 1
    assert UsageEvent.objects.get(organisation=acme).metadata == {"x": 0.0}


def test_more_events_than_one_request_may_hold(project_key: str) -> None:
    answer = post(project_key, *[event(str(number)) for number in range(10_001)])
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_more_bytes_than_one_request_may_hold(project_key: str) -> None:
    answer = post_raw(project_key, b'{"events": []}' + b" " * (10 * 1024 * 1024))
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_other_methods_types_and_encodings_are_refused_by_their_own_code(project_key: str) -> None:
    assert post_raw(project_key, b"a=1", content_type="application/x-www-form-urlencoded").status_code == 415
    assert post_raw(project_key, b"{}", headers={"Content-Encoding": "br"}).status_code == 415
    put = factories.client(project_key).put("/api/v1/events", b"{}", content_type="application/json")
    assert (put.status_code, put["Allow"], put.json()["code"]) == (405, "GET, POST", "METHOD_NOT_ALLOWED")


def test_text_of_every_script_survives(acme: Organisation, project_key: str) -> None:
    odd = 'नाम\t"quoted" \\ back\nslash 🧾'
    event_id = 'नाम "quoted" \\ back\\nslash 🧾'  # an id holds no control characters
    answer = post(project_key, event(event_id, metric_name=odd, unit="घंटा", metadata={"key\\": odd, "none": None}))
    assert answer.status_code == 202
    assert settle().counted == 1
    stored = UsageEvent.objects.select_related("metric").get(organisation=acme)
    assert (stored.event_id, stored.metric.name, stored.metric.unit) == (event_id, odd, "घंटा")
    assert stored.metadata == {"key\\": odd, "none": None}


def test_a_timestamp_of_any_offset_is_the_same_instant(acme: Organisation, project: Project) -> None:
    noon = now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    send(project, event("u", timestamp=f"{noon:%Y-%m-%dT%H:%M:%S}Z"))
    local = noon + timedelta(hours=5, minutes=30)
    send(project, event("i", timestamp=f"{local:%Y-%m-%dT%H:%M:%S}+05:30"))
    settle()
    assert set(UsageEvent.objects.filter(organisation=acme).values_list("occurred_at", flat=True)) == {noon}


@pytest.mark.parametrize("offset", ["Z", "z", "+00:00", "-00:00", "+05:45", "-09:30", "+14:00", "-12:00", "+0530"])
def test_every_offset_that_clocks_have_is_read(acme: Organisation, project: Project, offset: str) -> None:
    noon = now().replace(hour=12, minute=0, second=0, microsecond=250_000) - timedelta(days=2)
    answer = send(project, event("o", timestamp=f"{noon:%Y-%m-%dT%H:%M:%S}.25{offset}"))
    assert len(answer.event_ids) == 1
    settle()
    hours, minutes = (int(offset[1:3]), int(offset[-2:])) if len(offset) > 1 else (0, 0)
    sign = -1 if offset[0] == "-" else 1
    expected = noon - sign * timedelta(hours=hours, minutes=minutes)
    assert UsageEvent.objects.get(organisation=acme).occurred_at == expected


def test_of_a_field_that_is_sent_twice_the_last_counts(acme: Organisation, project_key: str) -> None:
    body = '{"event_id": "a", "metric_name": "api_calls", "metric_value": 5, "unit": "call", "metric_value": 7}'
    assert post_raw(project_key, body, "/api/v1/events").status_code == 202
    settle()
    assert total(acme) == 7


def test_a_day_without_partition_is_made_good_at_once(
    acme: Organisation, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_five_months = now() + timedelta(days=150)
    monkeypatch.setattr("billing_platform.lib.clock.now", lambda: in_five_months)
    accepted = send(project, event("e"))
    assert batch_of(accepted).received_at == in_five_months
    assert settle().counted == 1
    assert total(acme) == 1


def test_requests_without_a_good_key_are_refused(project_key: str) -> None:
    assert post_raw("", b"{}").status_code == 401
    assert post(project_key[:-1] + ("a" if project_key[-1] != "a" else "b"), event("a")).status_code == 401
    assert not EventBatch.objects.exists()


def test_a_revoked_key_is_refused_as_soon_as_a_process_reads_it_anew(
    project_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process believes for five seconds what it read, so no process accepts after ten."""
    assert post(project_key, event("a")).status_code == 202
    api_keys.revoke_key(api_key_id=ApiKey.objects.get(kind=ApiKey.Kind.PROJECT).pk)
    soon = time.monotonic() + 10
    monkeypatch.setattr("organisations.access.authentication.time.monotonic", lambda: soon)
    assert post(project_key, event("b")).status_code == 401
    assert EventBatch.objects.count() == 1


def test_a_key_that_expires_is_refused_at_once(project_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a process that has read it before."""
    ApiKey.objects.filter(kind=ApiKey.Kind.PROJECT).update(expires_at=now() + timedelta(seconds=3))
    assert post(project_key, event("a")).status_code == 202
    later = now() + timedelta(seconds=3)
    monkeypatch.setattr("billing_platform.lib.clock.now", lambda: later)
    assert post(project_key, event("b")).status_code == 401
    assert EventBatch.objects.count() == 1


def test_no_work_is_lost_while_the_broker_is_down(project_key: str, no_broker: None) -> None:
    assert post(project_key, event("a")).status_code == 202
    assert EventBatch.objects.get().event_count == 1


def test_the_rate_limit_counts_requests(project_key: str, settings: object) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"project_key": "2/m"}  # type: ignore[attr-defined]
    answers = [post(project_key, event(str(number))) for number in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2]["Retry-After"]
    assert EventBatch.objects.count() == 2


def test_the_stored_rows_are_small() -> None:
    rows = [(f"event-{number:08d}", "api_calls", "call", "1.5", None, None) for number in range(1000)]
    packed = packing.pack(rows)
    assert len(packed) < 12 * 1000
    assert [event.event_id for event in packing.unpack(packed)] == [row[0] for row in rows]
