"""Metadata that PostgreSQL refuses is refused on acceptance; if it was accepted, only its own event is a dead letter.

Acceptance did not know two kinds at first: a NUL under a key that comes again, and zero with a huge exponent. A batch
that holds such an event is stored here without the checks of acceptance.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, EventBatch, UsageEvent
from events.selectors.backlog import settle_backlog
from events.services import dead_letters, quarantine
from events.services.months import close_period
from events.services.partitions import ensure_partitions
from events.services.settling import chunks
from events.wire import incoming, packing
from events.wire.incoming import AcceptedEvent, Limits
from organisations.models import Organisation, Project
from tests.events.language import aggregates, counted, event, fold, now, post_raw, send, settle

pytestmark = pytest.mark.django_db
NUL = r'{"k":"\u0000 secret","k":1}'
EXPONENT = '{"k":0e9999999999}'
LIMITS = Limits(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), 10)

_keys = st.sampled_from([r"k", r"k", r"\u006b", r"\u0000", r"a\\u0000", r"é", r"\ud83d\ude00", r"\ud800", ""])
_texts = st.sampled_from([r"\u0000", r"\\u0000", r"\u0001", r"\ud800", r"\udc00\ud800", r"1e-99999", r"é", r"\/"])
_digits = st.sampled_from(["0", "1", "12345678901234567890123", "0.0", "1.5", "0." + "0" * 400 + "1", "-0", "-3.25"])
_exponents = st.sampled_from(
    ["", "", "e5", "E+308", "e-400", "e0005", "e-99999", "e99999", "E-0099999999999", "e+9999999999"]
)
_numbers = st.builds(str.__add__, _digits, _exponents)
_leaves = st.one_of(_numbers, _texts.map(lambda text: f'"{text}"'), st.sampled_from(["null", "true", "[]", "{}"]))


def _objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(_keys, values).map(lambda pair: f'"{pair[0]}": {pair[1]}'), max_size=4)
    return pairs.map(lambda found: "{" + ", ".join(found) + "}")


_json = st.recursive(_leaves, lambda inner: st.one_of(_objects(inner), st.lists(inner, max_size=3).map(
    lambda found: "[" + ",".join(found) + "]")), max_leaves=6)  # fmt: skip


@given(metadata=_objects(_json))
@example(metadata=NUL)
@example(metadata=EXPONENT)
@example(metadata='{"k":{"a":"\\u0000","a":0E+9999999999}}')
@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_door_accepts_postgresql_stores(metadata: str) -> None:
    body = f'{{"event_id":"e","metric_name":"m","metric_value":1,"unit":"u","metadata":{metadata}}}'
    try:
        rows, _rejected = incoming.read_one(body.encode(), LIMITS)
    except incoming.MalformedBody:
        return
    with connection.cursor() as cursor:
        for stored in packing.unpack(packing.pack(rows)):
            cursor.execute("SELECT %s::jsonb", [bytes(stored.metadata).decode()])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (r'{"k":"\u0000","k":1}', {"k": 1}),
        ('{"k":0e9999999999,"exact":0.12345678901234567890}', {"k": 0, "exact": 0.12345678901234567890}),
        (r'{"k":"a\\u0000b"}', {"k": r"a\u0000b"}),
    ],
)
def test_what_jsonb_would_refuse_is_written_so_that_it_does_not(
    acme: Organisation, project: Project, project_key: str, sent: str, kept: object
) -> None:
    body = f'{{"event_id":"e","metric_name":"m","metric_value":1,"unit":"u","metadata":{sent}}}'
    assert post_raw(project_key, body, "/api/v1/events").status_code == 202
    assert settle().counted == 1
    assert UsageEvent.objects.get().metadata == kept


def _row(event_id: str, metadata: str | None = None) -> AcceptedEvent:
    return AcceptedEvent(event_id, "api_calls", "call", "1", None, None if metadata is None else Raw(metadata.encode()))


def _accepted_before(project: Project, *rows: AcceptedEvent, **fields: object) -> EventBatch:
    """A batch as it was accepted before those checks."""
    values: dict[str, Any] = {
        "received_at": now(),
        "event_count": len(rows),
        "packed_events": packing.pack(rows),
    } | fields
    ensure_partitions(at=values["received_at"])
    return EventBatch.objects.create(organisation=project.organisation, project=project, **values)


def _conserved(organisation: Organisation) -> None:
    for batch in EventBatch.objects.filter(status="settled"):
        assert batch.event_count == batch.counted + batch.duplicates + batch.dead_lettered
    assert aggregates(organisation) == fold(UsageEvent.objects.filter(organisation=organisation))


@pytest.mark.parametrize("metadata", [NUL, EXPONENT])
def test_one_bad_event_takes_only_itself_along(acme: Organisation, project: Project, metadata: str) -> None:
    send(project, event("seen"))
    settle()
    good = [_row(f"good-{number}") for number in range(97)]
    bad = _accepted_before(project, *good[:50], _row("bad", metadata), *good[50:], _row("good-1"), _row("seen"))
    report = settle()
    assert (report.counted, report.duplicates, report.dead_lettered, report.failed) == (97, 2, 1, 0)
    bad.refresh_from_db()
    assert (bad.status, bad.counted, bad.duplicates, bad.dead_lettered) == ("settled", 97, 2, 1)
    assert len(counted(acme)) == 98
    letter = DeadLetter.objects.get()
    assert (letter.event_id, letter.reason) == ("bad", "EVENT_UNSTORABLE")
    assert letter.accepted_event["metric_name"] == "api_calls"
    _conserved(acme)


def test_several_bad_events_among_two_projects_and_a_good_neighbour(acme: Organisation, project: Project) -> None:
    send(project, event("neighbour"))
    _accepted_before(project, _row("a", NUL), _row("b"), _row("c", EXPONENT), _row("d", '{"k":1}'))
    _accepted_before(project, _row("e", NUL))
    report = settle()
    assert (report.counted, report.dead_lettered, report.failed) == (3, 3, 0)
    assert counted(acme) == ["b", "d", "neighbour"]
    _conserved(acme)


def test_a_batch_with_too_many_bad_events_fails_as_a_whole(acme: Organisation, project: Project) -> None:
    """So many are hardly the events' own fault: an operator looks, and can still give them up."""
    rows = [_row(f"bad-{number}", EXPONENT) for number in range(chunks.MOST_SPOILED + 1)]
    batch = _accepted_before(project, *rows)
    assert settle().failed == 1
    batch.refresh_from_db()
    assert (batch.status, batch.attempts) == ("pending", 1)
    EventBatch.objects.update(status="quarantined")
    quarantine.discard_batch(batch_id=batch.pk, reason="nonsense", discarded_by="otto")
    assert DeadLetter.objects.filter(reason="BATCH_DISCARDED").count() == len(rows)


def test_a_bad_event_is_not_replayed_as_it_is_but_edited_it_counts(acme: Organisation, project: Project) -> None:
    _accepted_before(project, _row("bad", NUL))
    settle()
    letter = DeadLetter.objects.get()
    with pytest.raises(DomainError) as refused:
        dead_letters.replay_one(letter_id=letter.pk, by="otto")
    assert refused.value.code == "EVENT_UNSTORABLE"
    mended = {"metric_name": "api_calls", "metric_value": "1", "unit": "call", "metadata": {"k": 1}}
    dead_letters.replay_edited(letter_id=letter.pk, event=mended, by="otto")
    assert settle().counted == 1
    assert counted(acme) == ["bad"]
    assert UsageEvent.objects.get().metadata == {"k": 1}


def test_neither_log_nor_batch_quotes_what_a_customer_sent(
    acme: Organisation, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [_row(f"bad-{number}", NUL) for number in range(chunks.MOST_SPOILED + 1)]
    batch = _accepted_before(project, *rows)
    with caplog.at_level(logging.INFO):
        assert settle().failed == 1
        assert "secret" not in caplog.text
    assert [record.sqlstate for record in caplog.records if record.message == "batch failed"] == ["22P05"]
    assert not [record for record in caplog.records if record.exc_info]
    batch.refresh_from_db()
    assert batch.last_failure == "DataError: unsupported Unicode escape sequence (SQLSTATE 22P05)"


@pytest.mark.parametrize("fields", [{"attempts": 2}, {"status": "quarantined", "attempts": 5}, {"is_replay": True}])
def test_one_tenants_old_batch_is_no_reason_to_take_machines_out(project: Project, fields: dict[str, object]) -> None:
    _accepted_before(project, _row("a"), received_at=now() - timedelta(seconds=600), **fields)
    assert Client().get("/health/ready").json()["checks"]["settling"] == "ok"
    assert settle_backlog().failing == (fields.get("attempts") == 2)


@pytest.mark.parametrize("way_out", ["settle again", "discard"])
def test_a_month_held_up_by_a_bad_event_of_old_can_be_closed(
    acme: Organisation, project: Project, way_out: str
) -> None:
    november = datetime(2026, 11, 25, 12, tzinfo=UTC)
    batch = _accepted_before(
        project, _row("good"), _row("bad", NUL), received_at=november, status="quarantined", attempts=5
    )
    with clock.standing_at(datetime(2026, 12, 2, 6, tzinfo=UTC)):
        with pytest.raises(DomainError) as refused:
            close_period(organisation=acme, period=BillingPeriod.parse("2026-11"))
        assert refused.value.code == "USAGE_UNSETTLED"
        if way_out == "discard":
            quarantine.discard_batch(batch_id=batch.pk, reason="no", discarded_by="otto")
        else:
            quarantine.retry_batch(batch_id=batch.pk)
            settle()
        assert close_period(organisation=acme, period=BillingPeriod.parse("2026-11")).is_closed
    dead = {letter.event_id: letter.accepted_event for letter in DeadLetter.objects.all()}
    assert set(dead) == ({"good", "bad"} if way_out == "discard" else {"bad"})
    assert list(dead["bad"]["metadata"]) == [packing.UNSTORABLE]
    assert "secret" not in json.dumps(dead)
