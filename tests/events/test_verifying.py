"""Verifying compares a hot-log day with the ledger: an unchanged day passes, and each change is reported."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_platform.lib.errors import DomainError, NotFound
from events.models import DeadLetter, EventBatch, HotLogDay, Metric, UsageEvent
from events.services import dead_letters, quarantine
from events.services.accepting import Accepted, Form, accept_events
from events.services.corrections import correct_usage
from events.services.partitions import ensure_partitions
from events.services.proof import verifying
from events.services.proof.comparing import Finding, FindingKind
from events.services.proof.verifying import DayReport, verify_day
from events.services.settling import chunks
from events.wire import packing
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import batch_of, event, now, send, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def noon() -> datetime:
    """Yesterday at noon."""
    return (now() - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


def verify(moment: datetime) -> DayReport:
    return verify_day(day=moment.date(), verified_by="tests")


def only(report: DayReport, kind: FindingKind) -> Finding:
    """The one finding of a kind."""
    (found,) = [finding for finding in report.findings if finding.kind == kind]
    return found


def tamper(statement: str, *values: Any) -> None:
    """Change the ledger behind the triggers' back."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_usageevent DISABLE TRIGGER append_only")
        cursor.execute(statement, values)
        assert cursor.rowcount > 0
        cursor.execute("ALTER TABLE events_usageevent ENABLE TRIGGER append_only")


def test_a_day_of_everything_is_verified(acme: Organisation, project: Project, noon: datetime) -> None:
    """Counted, sent twice in one request and in two, sent again in another month, unknown, awkward."""
    acme.strict_metrics = True
    acme.save()
    Metric.objects.create(organisation=acme, name="api_calls", unit="call", dimensions=["region"])
    send(project, event("early"), at=noon - timedelta(days=33))
    odd = event("e\\t \\N/1", "0.00000001", metadata={"region": "a\\b\n", "n": 1.50, "deep": [None, {"x": "é"}]})
    sent = (noon - timedelta(hours=30, microseconds=1)).isoformat()
    send(project, odd, event("b"), event("b"), event("b", "7"), event("early"), at=noon)
    send(project, event("b"), event("c", "2", timestamp=sent), event("u", unit="?"), at=noon + timedelta(hours=1))
    settle()
    report = verify(noon)
    assert (report.findings, report.reason) == ((), "")
    tally = report.tally
    assert (tally.batches, tally.events, tally.counted, tally.duplicates, tally.dead_lettered) == (2, 8, 3, 4, 1)
    record = HotLogDay.objects.get(day=noon.date())
    assert (record.batches, record.events, record.counted) == (2, 8, 3)
    assert (record.checked_by, record.verified_at == record.checked_at) == ("tests", True)


def test_a_day_without_batches_is_right(noon: datetime) -> None:
    ensure_partitions(at=noon)
    report = verify(noon)
    assert report.is_verified
    assert report.tally.batches == 0


def test_a_day_is_verified_when_it_is_over_and_still_there() -> None:
    with pytest.raises(DomainError, match="not over yet"):
        verify_day(day=now().date())
    with pytest.raises(NotFound, match="holds nothing of 1 Jan 2020"):
        verify_day(day=date(2020, 1, 1))


@pytest.mark.parametrize(("status", "batches"), [("pending", 1), ("quarantined", 2)])
def test_a_day_with_unsettled_batches_is_not_verified(
    project: Project, noon: datetime, status: str, batches: int
) -> None:
    send(project, event("settled"), at=noon)
    settle()
    for number in range(batches):
        waiting = send(project, event(str(number)), at=noon)
        EventBatch.objects.filter(pk=waiting.batch_id).update(status=status)
    report = verify(noon)
    assert not report.is_verified
    assert report.reason == ("1 batch is not settled." if batches == 1 else "2 batches are not settled.")
    assert HotLogDay.objects.get(day=noon.date()).state == "waiting"


def test_an_entry_taken_out_of_the_ledger_is_missed_by_its_id(project: Project, noon: datetime) -> None:
    accepted = send(project, event("a"), event("gone", "5"), event("c"), at=noon)
    settle()
    tamper("DELETE FROM events_usageevent WHERE event_id = 'gone'")
    report = verify(noon)
    missing = only(report, FindingKind.EVENT_MISSING)
    assert (missing.event_id, missing.batch_id, missing.found) == ("gone", accepted.batch_id, "nowhere")
    assert missing.organisation_id == project.organisation_id
    assert missing.expected.startswith(f"5 call of api_calls at {noon.isoformat()}, position 1")
    counts = only(report, FindingKind.BATCH_COUNTS)
    assert counts.expected.startswith("3 counted, 0 duplicates")
    assert counts.found.startswith("2 counted")
    assert report.reason == "The check found 2 discrepancies."
    record = HotLogDay.objects.get(day=noon.date())
    assert (record.state, record.verified_at, record.discrepancies) == ("differs", None, 2)
    assert {"gone", ""} == {finding.get("event_id", "") for finding in record.findings}


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("quantity = 500", "500.00000000 call of api_calls"),
        ("occurred_at = '2026-01-01T00:00Z'", "at 2026-01-01T00:00:00+00:00"),
        ("""metadata = '{"region": "us"}'""", '{"region": "us"}'),
        ("metadata = NULL", "position 0"),
        ("position = 7", "position 7"),
        ("received_at = received_at + interval '1 second'", "5.00000000 call"),
    ],
)
def test_an_entry_that_was_changed_is_found_by_its_id(
    project: Project, noon: datetime, change: str, shown: str
) -> None:
    accepted = send(project, event("a", "5", metadata={"region": "eu"}), event("b", "5"), at=noon)
    settle()
    tamper(f"UPDATE events_usageevent SET {change} WHERE event_id = 'a'")
    differs = only(verify(noon), FindingKind.EVENT_DIFFERS)
    assert (differs.event_id, differs.batch_id) == ("a", accepted.batch_id)
    assert "5 call of api_calls" in differs.expected
    assert '{"region":"eu"}' in differs.expected
    assert shown in differs.found


def test_an_entry_booked_on_another_metric_is_found(acme: Organisation, project: Project, noon: datetime) -> None:
    send(project, event("a"), event("b", metric_name="storage", unit="GB"), at=noon)
    settle()
    storage = Metric.objects.get(organisation=acme, name="storage")
    tamper("UPDATE events_usageevent SET metric_id = %s WHERE event_id = 'a'", storage.pk)
    differs = only(verify(noon), FindingKind.EVENT_DIFFERS)
    assert (differs.event_id, "1.00000000 GB of storage" in differs.found) == ("a", True)


def test_an_entry_that_nobody_sent_is_found(project: Project, noon: datetime) -> None:
    accepted = send(project, event("a"), event("b"), at=noon)
    settle()
    columns = """organisation_id, project_id, metric_id, kind, quantity, occurred_at, received_at, received_month, hour,
        counted_in, counted_on, is_late, dimensions, metadata"""
    copy = f"""
        INSERT INTO events_usageevent (event_id, batch_id, position, {columns})
        SELECT %s, %s::uuid, %s, {columns} FROM events_usageevent WHERE event_id = 'a'
    """
    with connection.cursor() as cursor:
        cursor.execute(copy, ["into a batch", accepted.batch_id, 2])
        cursor.execute(copy, ["into none", "00000000-0000-4000-8000-000000000001", 0])
    report = verify(noon)
    found = {finding.event_id: finding for finding in report.findings}
    assert {finding.kind for finding in report.findings} == {FindingKind.EVENT_UNEXPECTED}
    assert found["into a batch"].batch_id == accepted.batch_id
    assert found["into a batch"].expected == "no such event in the batch"
    assert found["into none"].expected == "no such batch"
    assert len(report.findings) == 2


def test_a_batch_with_wrong_counts_is_found(project: Project, noon: datetime) -> None:
    send(project, event("a"), at=noon - timedelta(hours=1))
    accepted = send(project, event("a"), event("b"), event("c"), at=noon)
    settle()
    assert verify(noon).is_verified
    EventBatch.objects.filter(pk=accepted.batch_id).update(counted=1, duplicates=2)
    counts = only(verify(noon), FindingKind.BATCH_COUNTS)
    assert (counts.batch_id, counts.expected) == (accepted.batch_id, "1 counted, 2 duplicates, 0 dead-lettered")
    assert counts.found.startswith("2 counted, at least 1 duplicates")


def test_a_duplicate_that_is_called_a_dead_letter_is_found(project: Project, noon: datetime) -> None:
    send(project, event("a"), at=noon - timedelta(hours=1))
    accepted = send(project, event("a"), at=noon)
    settle()
    EventBatch.objects.filter(pk=accepted.batch_id).update(duplicates=0, dead_lettered=1)
    counts = only(verify(noon), FindingKind.BATCH_COUNTS)
    assert (counts.batch_id, counts.found[:33]) == (accepted.batch_id, "0 counted, at least 1 duplicates ")


def test_a_duplicate_of_something_outside_the_window_is_missing(project: Project, noon: datetime) -> None:
    """Thrown away as a copy of what came too long ago: usage that nobody will bill."""
    send(project, event("a"), at=noon - timedelta(days=70))
    accepted = send(project, event("a"), at=noon)
    settle()
    assert batch_of(accepted).counted == 1
    EventBatch.objects.filter(pk=accepted.batch_id).update(counted=0, duplicates=1)
    tamper("DELETE FROM events_usageevent WHERE batch_id = %s", accepted.batch_id)
    assert only(verify(noon), FindingKind.EVENT_MISSING).event_id == "a"


def test_a_dead_letter_that_is_gone_is_missed(acme: Organisation, project: Project, noon: datetime) -> None:
    acme.strict_metrics = True
    acme.save()
    send(project, event("a"), event("b"), at=noon)
    settle()
    assert verify(noon).is_verified
    DeadLetter.objects.filter(event_id="b").delete()
    assert only(verify(noon), FindingKind.EVENT_MISSING).event_id == "b"


def test_a_dead_letter_that_was_counted_later_leaves_its_first_batch_right(
    acme: Organisation, project: Project, noon: datetime
) -> None:
    """Its id is in the ledger and among the dead letters: as a replay, and sent again."""
    acme.strict_metrics = True
    acme.save()
    first = send(project, event("a"), event("x"), event("x"), at=noon)
    settle()
    Metric.objects.create(organisation=acme, name="api_calls", unit="call")
    again = send(project, event("a"), at=noon + timedelta(hours=2))
    EventBatch.objects.filter(pk=again.batch_id).update(is_replay=True)
    settle()
    assert (batch_of(first).dead_lettered, batch_of(again).counted) == (3, 1)
    assert verify(noon).is_verified


def test_the_same_id_once_unknown_and_once_counted_in_one_batch_is_right(
    acme: Organisation, project: Project, noon: datetime
) -> None:
    acme.strict_metrics = True
    acme.save()
    Metric.objects.create(organisation=acme, name="api_calls", unit="call")
    mixed = send(project, event("a", unit="?"), event("a"), event("a"), at=noon)
    settle()
    found = batch_of(mixed)
    assert (found.counted, found.duplicates, found.dead_lettered) == (1, 1, 1)
    assert verify(noon).is_verified


def give_up(accepted: Accepted, raw: bytes) -> EventBatch:
    """An operator discards a batch whose packed events hold something else than was accepted."""
    EventBatch.objects.filter(pk=accepted.batch_id).update(packed_events=raw, status="quarantined")
    return quarantine.discard_batch(batch_id=accepted.batch_id, reason="damaged", discarded_by="tests")


def test_a_batch_given_up_is_right_whatever_its_payload(project: Project, noon: datetime) -> None:
    one_of_two = packing.pack([("a", "api_calls", "call", "1", None, None)])
    give_up(send(project, event("a"), event("b"), at=noon), one_of_two)
    unreadable = give_up(send(project, event("c"), event("d"), at=noon), b"\x00")
    assert verify(noon).is_verified
    DeadLetter.objects.filter(batch_id=unreadable.pk).delete()
    assert only(verify(noon), FindingKind.BATCH_DAMAGED).batch_id == unreadable.pk


def test_a_payload_damaged_after_it_was_settled_is_found(project: Project, noon: datetime) -> None:
    shorter, unreadable = (send(project, event(f"{n}a"), event(f"{n}b"), at=noon) for n in range(2))
    settle()
    one = packing.pack([("0a", "api_calls", "call", "1", None, None)])
    EventBatch.objects.filter(pk=shorter.batch_id).update(packed_events=one)
    EventBatch.objects.filter(pk=unreadable.batch_id).update(packed_events=b"x")
    damaged = [finding for finding in verify(noon).findings if finding.kind == FindingKind.BATCH_DAMAGED]
    assert {finding.batch_id for finding in damaged} == {shorter.batch_id, unreadable.batch_id}


def test_corrections_belong_to_no_batch(project: Project, noon: datetime) -> None:
    accepted = send(project, event("a", "5"), at=noon)
    settle()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_usageevent (event_id, batch_id, kind, quantity, organisation_id, project_id, metric_id,
                occurred_at, received_at, received_month, hour, counted_in, counted_on, is_late,
                dimensions, position)
            SELECT 'correction:x:reversal', gen_random_uuid(), 'reversal', -quantity, organisation_id, project_id,
                metric_id, occurred_at, received_at, received_month, hour, counted_in, counted_on, is_late,
                dimensions, 0
            FROM events_usageevent WHERE batch_id = %s
            """,
            [accepted.batch_id],
        )
    assert verify(noon).is_verified


def test_many_chunks_and_projects_are_read_once_each(
    acme: Organisation, project: Project, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "CHUNK_EVENTS", 7)
    monkeypatch.setattr(verifying, "HEADS", 3)
    other = factories.project(acme, "Other")
    for number in range(8):
        owner = (project, other)[number % 2]
        send(owner, *[event(f"{number // 2}-{copy}") for copy in range(5)], at=noon)  # the same ids in both projects
    settle()
    read: list[Any] = []
    compare = verifying.compare
    monkeypatch.setattr(verifying, "compare", lambda chunk: read.extend(chunk) or compare(chunk))
    report = verify(noon)
    assert report.is_verified
    assert len(read) == len({batch.pk for batch in read}) == 8
    assert report.tally.counted == 40
    tamper("DELETE FROM events_usageevent WHERE project_id = %s AND event_id = '3-4'", other.pk)
    assert only(verify(noon), FindingKind.EVENT_MISSING).event_id == "3-4"


def test_a_batch_that_arrives_during_the_check_leaves_the_day_unverified(
    project: Project, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(project, event("a"), at=noon)
    settle()
    compare = verifying.compare

    def meanwhile(chunk: Any) -> Any:
        send(project, event("late"), at=noon)
        chunks.settle_pending()
        return compare(chunk)

    monkeypatch.setattr(verifying, "compare", meanwhile)
    assert verify(noon).reason == "Batches were added while it was being verified."
    monkeypatch.undo()
    assert verifying.days_to_verify() == [noon.date()]
    assert verify(noon).is_verified
    assert verifying.days_to_verify() == []


def test_a_verified_day_is_due_again_when_something_is_added(project: Project, noon: datetime) -> None:
    send(project, event("a"), at=noon)
    assert verifying.days_to_verify() == [noon.date()]
    settle()
    verify(noon)
    assert verifying.days_to_verify() == []
    send(project, event("b"), at=noon)
    assert verifying.days_to_verify() == [noon.date()]


def test_findings_are_counted_all_and_kept_first(
    project: Project, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "FINDINGS_REPORTED", 5)
    monkeypatch.setattr(verifying, "FINDINGS_STORED", 2)
    body = msgspec.json.encode({"events": [event(str(number)) for number in range(50)]})
    accepted = accept_events(project=project, body=body, form=Form.BATCH)
    EventBatch.objects.filter(pk=accepted.batch_id).update(received_at=now())
    settle()
    send(project, *[event(f"y{number}") for number in range(20)], at=noon)
    settle()
    tamper("DELETE FROM events_usageevent WHERE event_id LIKE 'y%%'")
    report = verify(noon)
    assert (report.discrepancies, len(report.findings)) == (21, 5)
    assert len(HotLogDay.objects.get(day=noon.date()).findings) == 2
    assert UsageEvent.objects.count() == 50


def test_a_day_mended_is_verified_the_next_time(project: Project, noon: datetime) -> None:
    send(project, event("a", "5"), at=noon)
    settle()
    tamper("UPDATE events_usageevent SET quantity = 4 WHERE event_id = 'a'")
    assert not verify(noon).is_verified
    tamper("UPDATE events_usageevent SET quantity = 5 WHERE event_id = 'a'")
    assert verify(noon).is_verified
    record = HotLogDay.objects.get(day=noon.date())
    assert (record.discrepancies, record.findings, record.state) == (0, [], "verified")


def test_local_days_do_not_matter_to_the_hot_log(globex: Organisation, noon: datetime) -> None:
    """A batch of one minute to midnight UTC belongs to the day before, wherever its organisation is."""
    project = factories.project(globex)
    midnight = noon.replace(hour=0)
    send(project, event("before"), at=midnight - timedelta(microseconds=1))
    send(project, event("after"), at=midnight)
    settle()
    assert [verify(moment).tally.batches for moment in (midnight - timedelta(hours=1), midnight)] == [1, 1]


ids = st.sampled_from([f"e{number}" for number in range(6)])
requests = st.lists(
    st.tuples(ids, st.sampled_from(["calls", "storage", "people"]), st.sampled_from(["1", "2.50"])),
    min_size=1,
    max_size=6,
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.tuples(st.sampled_from([1, 2, 33, 40]), requests)),
        st.tuples(st.just("settle"), st.none()),
        st.tuples(st.just("define"), st.sampled_from(["calls", "storage", "people"])),
        st.tuples(st.just("replay"), st.none()),
        st.tuples(st.just("discard"), st.none()),
        st.tuples(st.just("give up"), requests),
        st.tuples(st.just("void"), ids),
    ),
    min_size=3,
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, choice=st.integers(0, 1000))
def test_whatever_happened_is_right_and_any_entry_taken_away_is_missed(
    acme: Organisation, project: Project, noon: datetime, steps: list[tuple[str, Any]], choice: int
) -> None:
    with transaction.atomic():
        acme.strict_metrics = True
        acme.save()
        for step, what in steps:
            take_step(project, noon, step, what)
        settle()
        for day in verifying.days_to_verify():
            report = verify_day(day=day)
            assert report.is_verified, report
        entries = list(UsageEvent.objects.filter(kind="usage").order_by("id"))
        if entries:
            entry = entries[choice % len(entries)]
            tamper("DELETE FROM events_usageevent WHERE id = %s", entry.pk)
            report = verify_day(day=entry.received_at.date())
            assert any(entry.batch_id == found.batch_id for found in report.findings)
        transaction.set_rollback(True)


def take_step(project: Project, noon: datetime, step: str, what: Any) -> None:
    if step == "send":
        days_ago, sent = what
        send(project, *as_events(sent), at=noon - timedelta(days=days_ago - 1))
    elif step == "settle":
        settle()
    elif step == "define":
        unique = {"aggregation": "unique", "unique_property": "user"} if what == "people" else {}
        Metric.objects.get_or_create(organisation=project.organisation, name=what, unit="call", defaults=unique)
    elif step == "replay":
        dead_letters.replay(letter_ids=open_letters(), by="tests")
    elif step == "discard":
        dead_letters.discard(letter_ids=open_letters()[:1], reason="no", by="tests")
    elif step == "give up":
        held = send(project, *as_events(what), at=noon)
        EventBatch.objects.filter(pk=held.batch_id).update(status="quarantined")
        quarantine.discard_batch(batch_id=held.batch_id, reason="no", discarded_by="tests")
    elif step == "void":
        with suppress(DomainError), transaction.atomic():
            correct_usage(
                organisation=project.organisation,
                project=project,
                event_id=what,
                action="void",
                reason="no",
                by="tests",
            )


def as_events(sent: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """A value of 1 comes with a user, another one without: what a unique metric can't count."""
    return [
        event(event_id, value, metric_name=metric, metadata={"user": "ann"} if value == "1" else None)
        for event_id, metric, value in sent
    ]


def open_letters() -> list[Any]:
    return list(DeadLetter.objects.filter(status="open").values_list("pk", flat=True))
