"""Settling counts each event once, in the right hour, month and metric."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing_platform.lib.errors import DomainError
from events.models import DeadLetter, EventBatch, Metric, UsageAggregate, UsageEvent
from events.services import quarantine
from events.services.settling import chunks
from events.services.settling.staging import local_hour
from events.wire import packing
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import aggregates, batch_of, counted, event, fold, now, send, settle, total

pytestmark = pytest.mark.django_db


def test_what_was_accepted_is_counted(acme: Organisation, project: Project) -> None:
    accepted = send(project, event("a", "1.5"), event("b", "2.25", unit="batch"), event("c", "0"))
    report = settle()
    assert (report.batches, report.counted, report.duplicates, report.dead_lettered) == (1, 3, 0, 0)
    batch = batch_of(accepted)
    assert (batch.status, batch.counted, batch.duplicates, batch.dead_lettered) == ("settled", 3, 0, 0)
    assert counted(acme) == ["a", "b", "c"]
    sums = UsageAggregate.objects.filter(organisation=acme).values_list("metric__unit", "total", "event_count")
    assert sorted(sums) == [("batch", Decimal("2.25"), 1), ("call", Decimal("1.5"), 2)]
    assert settle().batches == 0


def test_the_same_id_again_is_a_duplicate_in_any_shape(acme: Organisation, project: Project) -> None:
    first = send(project, event("a", "5"), event("a", "5"))
    again = send(project, event("a", "5"), event("b", "1"))
    settle()
    later = send(project, event("a", "5.0"), event("b", "1"))
    settle()
    assert [(b.counted, b.duplicates, b.conflicts) for b in map(batch_of, [first, again, later])] == [
        (1, 1, 0),
        (1, 1, 0),
        (0, 2, 0),
    ]
    assert total(acme) == 6


def test_another_body_under_a_known_id_is_a_conflict(acme: Organisation, project: Project) -> None:
    an_hour_ago = (now() - timedelta(hours=1)).isoformat()
    two_hours_ago = (now() - timedelta(hours=2)).isoformat()
    send(
        project,
        event("value", "5"),
        event("unit"),
        event("time", timestamp=an_hour_ago),
        event("meta", metadata={"a": 1, "b": 2}),
        event("same", metadata={"a": 1, "b": 2}, timestamp=an_hour_ago),
        event("timeless"),
    )
    settle()
    again = send(
        project,
        event("value", "6"),
        event("unit", unit="bunch"),
        event("time", timestamp=two_hours_ago),
        event("meta", metadata={"a": 1}),
        event("same", "1.00", metadata={"b": 2, "a": 1}, timestamp=an_hour_ago),
        event("timeless", timestamp=two_hours_ago),
    )
    within = send(project, event("twice", "1"), event("twice", "2"), event("twice", "1"))
    settle()
    batch = batch_of(again)
    assert (batch.duplicates, batch.conflicts, sorted(batch.conflict_ids)) == (6, 4, ["meta", "time", "unit", "value"])
    inside = batch_of(within)
    assert (inside.counted, inside.duplicates, inside.conflict_ids) == (1, 2, ["twice"])
    assert UsageEvent.objects.get(organisation=acme, event_id="twice").quantity == 1


def test_the_same_id_of_two_projects_counts_twice(acme: Organisation, project: Project) -> None:
    other = factories.project(acme, "Other")
    stranger = factories.project(factories.organisation("Initech"))
    for sender in (project, other, stranger):
        send(sender, event("a"))
    assert settle().counted == 3
    assert total(acme) == 2
    assert total(stranger.organisation) == 1


NOVEMBER_ENDS = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
DECEMBER_BEGINS = datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("first", [NOVEMBER_ENDS, DECEMBER_BEGINS])
def test_a_copy_received_in_the_next_month_is_a_duplicate(
    acme: Organisation, project: Project, first: datetime
) -> None:
    """Settled in either order: a batch of the older month may have been waiting in quarantine."""
    second = DECEMBER_BEGINS if first == NOVEMBER_ENDS else NOVEMBER_ENDS
    send(project, event("a", "1"), at=first)
    assert settle().counted == 1
    again = send(project, event("a", "2"), event("b", "3"), at=second)
    settle()
    batch = batch_of(again)
    assert (batch.counted, batch.duplicates, batch.conflict_ids) == (1, 1, ["a"])
    assert total(acme) == 4


def test_beyond_the_window_the_same_id_is_a_new_event(acme: Organisation, project: Project) -> None:
    send(project, event("a"), at=DECEMBER_BEGINS - timedelta(days=2))
    settle()
    send(project, event("a"), at=DECEMBER_BEGINS + timedelta(days=32))
    assert settle().duplicates == 1
    send(project, event("a"), at=DECEMBER_BEGINS + timedelta(days=34))
    settle()
    assert counted(acme) == ["a", "a"]


def test_batches_of_two_months_are_settled_in_one_go(acme: Organisation, project: Project) -> None:
    send(project, event("a"), at=DECEMBER_BEGINS)
    send(project, event("a"), event("b"), at=NOVEMBER_ENDS)
    report = settle()
    assert (report.batches, report.counted, report.duplicates) == (2, 2, 1)
    assert UsageEvent.objects.get(organisation=acme, event_id="a").received_month == date(2026, 11, 1)


def test_a_strict_organisation_gets_dead_letters_instead_of_new_metrics(acme: Organisation, project: Project) -> None:
    acme.strict_metrics = True
    acme.save()
    Metric.objects.create(organisation=acme, name="api_calls", unit="call")
    first = send(project, event("known"), event("unknown", "7", unit="bunch", metadata={"a": "b"}))
    settle()
    second = send(project, event("unknown", "7", unit="bunch"))
    settle()
    assert counted(acme) == ["known"]
    assert [(b.counted, b.dead_lettered) for b in map(batch_of, [first, second])] == [(1, 1), (0, 1)]
    letter = DeadLetter.objects.get()
    assert (letter.reason, letter.times_sent, letter.event_id) == ("METRIC_UNKNOWN", 2, "unknown")
    assert letter.accepted_event["metric_value"] == "7"
    assert not Metric.objects.filter(unit="bunch").exists()


def test_an_open_organisation_gets_the_metric_registered(acme: Organisation, project: Project) -> None:
    send(project, event("a"))
    settle()
    metric = Metric.objects.get(name="api_calls", unit="call")
    assert (metric.organisation, metric.aggregation, metric.registered_automatically) == (acme, "sum", True)


def test_an_organisations_own_metric_wins_over_the_shared_one(acme: Organisation, project: Project) -> None:
    shared = Metric.objects.create(name="api_calls", unit="call")
    stranger = factories.project(factories.organisation("Initech"))
    own = Metric.objects.create(organisation=acme, name="api_calls", unit="call")
    send(project, event("a"))
    send(stranger, event("a"))
    settle()
    assert UsageEvent.objects.get(organisation=acme).metric == own
    assert UsageEvent.objects.get(organisation=stranger.organisation).metric == shared


def test_dimensions_are_kept_in_the_aggregates_key(acme: Organisation, project: Project) -> None:
    Metric.objects.create(organisation=acme, name="api_calls", unit="call", dimensions=["region", "plan"])
    send(
        project,
        event("a", "1", metadata={"region": "in", "plan": "pro", "path": "/x"}),
        event("b", "2", metadata={"plan": "pro", "region": "in"}),
        event("c", "4", metadata={"region": 1}),
        event("d", "8", metadata={"region": True}),
        event("e", "16", metadata={"region": None}),
        event("f", "32"),
        event("g", "64", metadata={"region": "x" * 5000}),
        event("h", "128", metadata={"region": ["a", {"b": 1}]}),
    )
    assert settle().counted == 8
    rows = {
        tuple(sorted(row.dimensions.items())): row.total for row in UsageAggregate.objects.filter(organisation=acme)
    }
    (long_one,) = [value for value in (dict(key).get("region", "") for key in rows) if "xxx" in value]
    assert len(long_one.encode()) <= 100
    assert rows == {
        (("plan", "pro"), ("region", "in")): 3,
        (("region", "1"),): 4,
        (("region", "true"),): 8,
        (): 48,
        (("region", long_one),): 64,
        (("region", '["a",{"b":1}]'),): 128,
    }


@pytest.mark.parametrize(
    ("zone", "moment", "hour", "month"),
    [
        ("Asia/Kolkata", "2026-10-31T18:29", "2026-10-31T17:30", date(2026, 10, 1)),
        ("Asia/Kolkata", "2026-10-31T18:30", "2026-10-31T18:30", date(2026, 11, 1)),
        ("Asia/Kathmandu", "2026-10-31T18:14", "2026-10-31T17:15", date(2026, 10, 1)),
        ("Asia/Kathmandu", "2026-10-31T18:15", "2026-10-31T18:15", date(2026, 11, 1)),
        ("Europe/Berlin", "2026-10-25T00:30", "2026-10-25T00:00", date(2026, 10, 1)),  # 02:30 summer time
        ("Europe/Berlin", "2026-10-25T01:30", "2026-10-25T01:00", date(2026, 10, 1)),  # 02:30 again, winter time
        ("Europe/Berlin", "2026-10-31T22:59", "2026-10-31T22:00", date(2026, 10, 1)),
        ("Europe/Berlin", "2026-10-31T23:00", "2026-10-31T23:00", date(2026, 11, 1)),
        ("America/New_York", "2026-11-01T03:59", "2026-11-01T03:00", date(2026, 10, 1)),
        ("UTC", "2026-11-01T00:00", "2026-11-01T00:00", date(2026, 11, 1)),
    ],
)
def test_hours_and_months_are_local(zone: str, moment: str, hour: str, month: date) -> None:
    from zoneinfo import ZoneInfo

    assert local_hour(ZoneInfo(zone), moment) == (datetime.fromisoformat(hour).replace(tzinfo=UTC), month)


def test_the_day_the_clocks_go_back_has_25_hours(project: Project) -> None:
    berlin = factories.project(factories.organisation("Hansa", time_zone="Europe/Berlin"))
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    moments = [midnight + timedelta(minutes=30 * number) for number in range(50)]
    send(berlin, *[event(str(number), timestamp=moment.isoformat()) for number, moment in enumerate(moments)])
    settle()
    rows = UsageAggregate.objects.filter(organisation=berlin.organisation)
    assert sorted(rows.values_list("event_count", flat=True)) == [2] * 25


def test_a_batch_that_cannot_be_settled_is_quarantined_and_others_are_settled(
    acme: Organisation, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    broken = send(project, event("lost"))
    EventBatch.objects.filter(pk=broken.batch_id).update(packed_events=b"garbage")
    short = send(project, event("x"), event("y"))
    EventBatch.objects.filter(pk=short.batch_id).update(packed_events=packing.pack([("x", "a", "b", "1", None, None)]))
    send(project, event("fine"))
    report = settle()
    assert (report.counted, report.failed) == (1, 2)
    assert counted(acme) == ["fine"]
    for attempt in range(2, EventBatch.max_attempts + 1):
        EventBatch.objects.filter(status="pending").update(next_attempt_at=now() - timedelta(seconds=1))
        assert settle().failed == 2, attempt
    assert {batch.status for batch in map(batch_of, [broken, short])} == {"quarantined"}
    assert "the row says 2" in batch_of(short).last_failure
    assert settle().batches == 0


def test_a_quarantined_batch_can_be_tried_again(acme: Organisation, project: Project) -> None:
    accepted = send(project, event("a"))
    EventBatch.objects.filter(pk=accepted.batch_id).update(status="quarantined", attempts=5, last_failure="disk")
    assert settle().batches == 0
    quarantine.retry_batch(batch_id=accepted.batch_id)
    assert settle().counted == 1
    with pytest.raises(DomainError) as refused:
        quarantine.retry_batch(batch_id=accepted.batch_id)
    assert refused.value.code == "BATCH_NOT_QUARANTINED"


def test_a_quarantined_batch_can_be_given_up_without_losing_its_events(acme: Organisation, project: Project) -> None:
    readable = send(project, event("a", "2"), event("b", "3"))
    damaged = send(project, event("c"), event("d"))
    EventBatch.objects.filter(pk=damaged.batch_id).update(packed_events=b"garbage")
    EventBatch.objects.update(status="quarantined")
    for accepted in (readable, damaged):
        quarantine.discard_batch(batch_id=accepted.batch_id, reason="cannot be counted", discarded_by="op")
    assert [(b.status, b.dead_lettered) for b in map(batch_of, [readable, damaged])] == [("settled", 2)] * 2
    letters = {letter.event_id: letter for letter in DeadLetter.objects.all()}
    assert letters["a"].accepted_event["metric_value"] == "2"
    assert letters[f"batch {damaged.batch_id}"].accepted_event == {"base64": "Z2FyYmFnZQ=="}
    assert {letter.reason for letter in letters.values()} == {"BATCH_DISCARDED"}


def test_a_verdict_that_does_not_add_up_is_refused_by_the_database(project: Project) -> None:
    accepted = send(project, event("a"), event("b"))
    with pytest.raises(IntegrityError, match="conserves"), transaction.atomic():
        EventBatch.objects.filter(pk=accepted.batch_id).update(status="settled", counted=1, settled_at=now())


def test_the_number_of_batches_can_be_limited(project: Project) -> None:
    for number in range(3):
        send(project, event(str(number)))
    report = chunks.settle_pending(limit_batches=2)
    assert (report.batches, report.unfinished) == (2, True)
    assert settle().batches == 1


def test_aggregates_equal_the_ledger(acme: Organisation, project: Project) -> None:
    yesterday = now() - timedelta(days=1)
    for number in range(20):
        moment = (yesterday + timedelta(minutes=17 * number)).isoformat()
        fields: dict[str, Any] = {"unit": "call" if number % 3 else "batch", "timestamp": moment}
        send(project, *[event(f"{number % 15}-{copy}", f"{number}.{copy}", **fields) for copy in range(5)])
    settle()
    assert aggregates(acme) == fold(UsageEvent.objects.filter(organisation=acme))
    assert UsageEvent.objects.filter(organisation=acme).count() == 75
