"""Dead letters are read, edited, replayed and discarded; a replayed event is counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, EventBatch, Metric, UsageEvent, UsagePeriod
from events.selectors.dead_letters import ReplayOutcome, replay_outcome
from events.selectors.status import event_status
from events.services import dead_letters, months, quarantine
from events.services.accepting import Accepted, accept_events
from organisations.models import AuditEntry, Organisation, Project
from tests import factories
from tests.events.language import aggregates, batch_of, counted, event, fold, move, now, send, settle, total

pytestmark = pytest.mark.django_db
Status = DeadLetter.Status


@pytest.fixture(autouse=True)
def _nothing_is_lost(db: None) -> Iterator[None]:
    """After each test: every batch conserves its events, the ledger holds what it says, and folds to the aggregates."""
    yield
    for batch in EventBatch.objects.exclude(status="pending"):
        assert batch.counted + batch.duplicates + batch.dead_lettered == batch.event_count
        assert UsageEvent.objects.filter(batch_id=batch.pk).count() == batch.counted
    for organisation in Organisation.objects.all():
        assert aggregates(organisation) == fold(UsageEvent.objects.filter(organisation=organisation))


@pytest.fixture
def strict(acme: Organisation) -> Organisation:
    acme.strict_metrics = True
    acme.save()
    return acme


@pytest.fixture
def strict_project(strict: Organisation, project: Project) -> Project:
    return project


def die(project: Project, *events: dict[str, Any], at: datetime | None = None) -> Accepted:
    """Send what nobody can count yet."""
    accepted = send(project, *events, at=at)
    settle()
    assert batch_of(accepted).dead_lettered == len(events)
    return accepted


def define(organisation: Organisation, name: str = "api_calls", unit: str = "call", **fields: Any) -> Metric:
    return Metric.objects.create(organisation=organisation, name=name, unit=unit, **fields)


def letter(event_id: str = "a", **wanted: Any) -> DeadLetter:
    found: DeadLetter = DeadLetter.objects.get(event_id=event_id, **wanted)
    return found


def replay(event_id: str = "a") -> EventBatch:
    """Replay the open letter of an id; the batch that takes it back."""
    replayed = dead_letters.replay_one(letter_id=letter(event_id, status=Status.OPEN).pk, by="olga")
    found: EventBatch = EventBatch.objects.get(pk=replayed.replay_batch_id)
    return found


def verdict(batch: EventBatch) -> tuple[str, int, int, int]:
    batch.refresh_from_db()
    return batch.status, batch.counted, batch.duplicates, batch.dead_lettered


def fate(project: Project, event_id: str = "a") -> str:
    found = event_status(project=project, event_id=event_id)
    assert found is not None
    return found.status


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """In threads that start together, each with its own connection; an error is an answer, too."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return job()
        except DomainError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_a_replayed_event_is_counted_as_of_its_first_receipt(strict: Organisation, strict_project: Project) -> None:
    """It says nothing of when it happened: that was when it came, 40 days ago, not when somebody replays it."""
    then = (now() - timedelta(days=40)).replace(hour=10, minute=20)
    die(strict_project, event("a", "2.5"), at=then)
    assert fate(strict_project) == "dead_lettered"
    define(strict)
    batch = replay()
    assert (batch.is_replay, batch.received_at, batch.event_count) == (True, then, 1)
    assert fate(strict_project) == "pending"
    settle()
    assert verdict(batch) == ("settled", 1, 0, 0)
    counted_one = UsageEvent.objects.get(event_id="a")
    assert (counted_one.occurred_at, counted_one.received_at, counted_one.quantity) == (then, then, Decimal("2.5"))
    assert counted_one.counted_in == BillingPeriod.containing(then, strict.zone).start
    assert not counted_one.is_late
    assert fate(strict_project) == "counted"


def test_a_replayed_letter_says_who_when_and_where_it_went(strict: Organisation, strict_project: Project) -> None:
    die(strict_project, event("a"))
    define(strict)
    batch = replay()
    found = letter()
    assert (found.status, found.resolved_by, found.replay_batch_id) == (Status.REPLAYED, "olga", batch.pk)
    assert found.resolved_at is not None
    assert found.accepted_event["metric_value"] == "1", "the letter keeps what was sent"
    outcome = replay_outcome(found)
    assert outcome is not None
    assert (outcome.status, outcome.found) == ("pending", batch)
    settle()
    outcome = replay_outcome(found)
    assert outcome == ReplayOutcome("counted", UsageEvent.objects.get(event_id="a"))


def test_a_replay_that_would_be_rejected_again_is_refused_and_says_what_to_do(strict_project: Project) -> None:
    die(strict_project, event("a"))
    with pytest.raises(DomainError, match=r"Define the metric api_calls \(call\) first, or edit the event") as refused:
        replay()
    assert (refused.value.code, refused.value.status) == ("METRIC_UNKNOWN", 409)
    assert letter().status == Status.OPEN
    assert EventBatch.objects.count() == 1


def test_what_lacks_the_value_that_its_metric_counts_has_to_be_edited(acme: Organisation, project: Project) -> None:
    define(acme, "users", "user", aggregation="unique", unique_property="user_id")
    die(project, event("a", metric_name="users", unit="user", metadata={"plan": "pro"}))
    assert letter().reason == "VALUE_MISSING"
    with pytest.raises(DomainError, match="counts the different values of 'user_id'") as refused:
        replay()
    assert refused.value.code == "VALUE_MISSING"
    mended = {"metric_name": "users", "metric_value": 1, "unit": "user", "metadata": {"plan": "pro", "user_id": 7}}
    dead_letters.replay_edited(letter_id=letter().pk, event=mended, by="olga")
    assert settle().counted == 1


def test_an_organisation_that_is_strict_no_longer_gets_the_metric_registered(
    strict: Organisation, strict_project: Project
) -> None:
    die(strict_project, event("a"))
    strict.strict_metrics = False
    strict.save()
    replay()
    assert settle().counted == 1


def test_sent_again_and_counted_meanwhile_the_replay_is_a_duplicate(
    strict: Organisation, strict_project: Project
) -> None:
    die(strict_project, event("a", "5"))
    define(strict)
    send(strict_project, event("a", "5"))
    settle()
    batch = replay()
    settle()
    assert verdict(batch) == ("settled", 0, 1, 0)
    assert total(strict) == 5
    outcome = replay_outcome(letter())
    assert outcome == ReplayOutcome("duplicate", UsageEvent.objects.get(event_id="a"))


def test_sixty_days_later_the_window_is_measured_from_first_receipt(
    strict: Organisation, strict_project: Project
) -> None:
    """First 60 days ago, counted 30 days ago: 30 days apart, though the replay is 60 away from the first."""
    then = now() - timedelta(days=60)
    die(strict_project, event("a", "5"), event("b", "7"), at=then)
    define(strict)
    send(strict_project, event("a", "5"), at=then + timedelta(days=30))
    send(strict_project, event("b", "7"), at=then + timedelta(days=40))  # beyond the window: another event
    settle()
    batches = [replay("a"), replay("b")]
    settle()
    assert [verdict(batch) for batch in batches] == [("settled", 0, 1, 0), ("settled", 1, 0, 0)]
    assert counted(strict) == ["a", "b", "b"]
    assert total(strict) == 5 + 7 + 7


@pytest.mark.parametrize("days", [0, 33])
@pytest.mark.django_db(transaction=True)
def test_replayed_and_sent_again_at_the_same_moment_it_counts_once(
    strict: Organisation, strict_project: Project, days: int
) -> None:
    """In one month the unique key decides, across months the lock."""
    then = now() - timedelta(days=days)
    die(strict_project, *[event(str(number)) for number in range(50)], at=then)
    define(strict)
    ids = list(DeadLetter.objects.values_list("pk", flat=True))
    for number in range(0, 50, 10):
        send(strict_project, *[event(str(number + offset)) for offset in range(10)])
        dead_letters.replay(letter_ids=[DeadLetter.objects.get(event_id=str(number + n)).pk for n in range(10)], by="x")
    reports = at_once(settle, settle)
    assert sum(report.counted for report in reports) == len(ids) == 50
    assert sum(report.duplicates for report in reports) == 50
    assert sum(report.failed for report in reports) == 0
    assert total(strict) == 50


def test_replayed_into_a_closed_month_it_is_late(strict: Organisation, strict_project: Project) -> None:
    last_month = BillingPeriod.containing(now(), strict.zone).previous()
    then = datetime.combine(last_month.start, datetime.min.time(), UTC) + timedelta(days=9)
    die(strict_project, event("a"), at=then)
    define(strict)
    months.close_period(organisation=strict, period=last_month)
    replay()
    settle()
    late = UsageEvent.objects.get(event_id="a")
    assert (late.is_late, late.counted_in, late.occurred_at) == (True, last_month.next().start, then)


def test_a_month_waits_for_what_is_replayed_into_it(strict: Organisation, strict_project: Project) -> None:
    last_month = BillingPeriod.containing(now(), strict.zone).previous()
    die(strict_project, event("a"), at=datetime.combine(last_month.start, datetime.min.time(), UTC) + timedelta(days=9))
    define(strict)
    replay()
    with pytest.raises(DomainError, match="1 accepted requests"):
        months.close_period(organisation=strict, period=last_month)
    settle()
    assert months.close_period(organisation=strict, period=last_month).is_closed
    assert UsagePeriod.objects.get(organisation=strict, month=last_month.start).is_closed


def test_a_day_that_retention_has_dropped_comes_back_for_it(strict: Organisation, strict_project: Project) -> None:
    then = datetime(2026, 9, 14, 12, tzinfo=UTC)
    die(strict_project, event("a"), event("b"), at=then)
    define(strict)
    for bulk in (False, True):
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE events_eventbatch_20260914")
        if bulk:
            dead_letters.replay(letter_ids=[letter("b").pk], by="olga")
        else:
            replay("a")
        settle()
    assert counted(strict) == ["a", "b"]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE events_eventbatch_20260914")
    outcome = replay_outcome(letter())
    assert outcome is not None
    assert outcome.status == "counted"


def test_a_replay_that_is_rejected_again_continues_the_attempts_of_the_dead_letter(
    strict: Organisation, strict_project: Project
) -> None:
    then = now() - timedelta(days=3)
    die(strict_project, event("a"), at=then)
    die(strict_project, event("a"), at=then + timedelta(days=1))
    metric = define(strict)
    batch = replay()
    metric.delete()  # between the look and the settling
    settle()
    assert verdict(batch) == ("settled", 0, 0, 1)
    again = letter(status=Status.OPEN)
    assert (again.times_sent, again.first_seen_at, again.batch_id) == (3, then, batch.pk)
    assert again.last_seen_at > then + timedelta(days=1)
    outcome = replay_outcome(letter(status=Status.REPLAYED))
    assert outcome == ReplayOutcome("dead_lettered", again)
    assert fate(strict_project) == "dead_lettered"


def test_a_replay_that_dies_again_joins_the_letter_that_the_sender_opened_meanwhile(
    strict: Organisation, strict_project: Project
) -> None:
    then = now() - timedelta(days=3)
    die(strict_project, event("a"), at=then)
    metric = define(strict)
    replay()
    metric.delete()
    resent = now() - timedelta(hours=1)
    send(strict_project, event("a"), at=resent)
    settle()
    one = letter(status=Status.OPEN)
    assert (one.times_sent, one.first_seen_at) == (3, then)
    assert one.last_seen_at >= resent
    outcome = replay_outcome(letter(status=Status.REPLAYED))
    assert outcome == ReplayOutcome("dead_lettered", one)


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_at_once_the_second_gets_a_sentence(strict: Organisation, strict_project: Project) -> None:
    die(strict_project, event("a"))
    define(strict)
    pk = letter().pk
    answers = at_once(*[lambda: dead_letters.replay_one(letter_id=pk, by="olga") for _ in range(4)])
    refusals = [answer for answer in answers if isinstance(answer, DomainError)]
    assert [(error.code, error.message) for error in refusals] == [
        ("DEAD_LETTER_RESOLVED", "It was replayed already, by olga.")
    ] * 3
    settle()
    assert EventBatch.objects.filter(is_replay=True).count() == 1
    assert total(strict) == 1


@pytest.mark.django_db(transaction=True)
def test_replaying_and_settling_the_same_ids_in_any_order_never_deadlocks(
    strict: Organisation, strict_project: Project
) -> None:
    """The same ids die again while they are replayed in bulk: both lock the letters by key."""
    ids = [f"e{number}" for number in range(200)]
    die(strict_project, *map(event, ids))
    define(strict, "other", "x")
    for _turn in range(3):
        send(strict_project, *map(event, reversed(ids)))
    letters = list(DeadLetter.objects.order_by("-event_id").values_list("pk", flat=True))
    discarded, report = at_once(lambda: dead_letters.discard(letter_ids=letters, reason="no", by="olga"), settle)
    assert discarded.done == 200
    assert (report.failed, report.dead_lettered) == (0, 600)


# --- edited -----------------------------------------------------------------------------------------------------------


def edit(**fields: Any) -> DeadLetter:
    """Of the letter of "a"."""
    mended = {"metric_name": "api_calls", "metric_value": "1", "unit": "call"} | fields
    return dead_letters.replay_edited(letter_id=letter().pk, event=mended, by="olga", reason="a typo")


def test_an_edited_event_is_counted_and_the_letter_keeps_the_original(
    strict: Organisation, strict_project: Project
) -> None:
    define(strict)
    die(strict_project, event("a", "5", metric_name="api_cals", metadata={"region": "in", "cost": 0.10}))
    edit(metric_value="6", metadata={"region": "in", "cost": Decimal("0.10")})
    settle()
    row = UsageEvent.objects.get(event_id="a")
    assert (row.metric.name, row.quantity, row.metadata) == ("api_calls", 6, {"region": "in", "cost": 0.1})
    found = letter()
    assert (found.accepted_event["metric_name"], found.accepted_event["metric_value"]) == ("api_cals", "5")
    assert found.resolution == 'a typo\nEdited: metric_name "api_cals" → "api_calls", metric_value 5 → 6.'
    entry = AuditEntry.objects.filter(object_pk=str(found.pk)).latest("pk")
    before, after = entry.changes["accepted_event"]
    assert '"metric_name":"api_cals"' in before
    assert '"metric_name":"api_calls"' in after
    assert entry.changes["status"] == ["open", "replayed"]


def test_numbers_stay_exactly_as_they_were_sent(strict: Organisation, strict_project: Project) -> None:
    body = b'{"events": [{"event_id": "a", "metric_name": "api_calls", "metric_value": 12345678901.12345678, "unit": "call", "metadata": {"rate": 0.12345678901234567890123}}]}'  # noqa: E501
    accept_events(project=strict_project, body=body)
    settle()
    define(strict)
    replay()
    settle()
    with connection.cursor() as cursor:
        cursor.execute("SELECT quantity::text, metadata->>'rate' FROM events_usageevent")
        assert cursor.fetchone() == ("12345678901.12345678", "0.12345678901234567890123")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"metric_value": "-1"}, "metric_value"),
        ({"metric_value": "1.123456789"}, "metric_value"),
        ({"metric_value": None}, "metric_value"),
        ({"metric_name": ""}, "metric_name"),
        ({"metric_name": "x" * 101}, "metric_name"),
        ({"metric_name": 5}, "metric_name"),
        ({"unit": None}, "unit"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-11-01T00:00:00"}, "timestamp"),
        ({"metadata": [1]}, "metadata"),
        ({"metadata": {"a": "x" * 9000}}, "metadata"),
        ({"event_id": "b"}, "event_id"),
    ],
)
def test_the_rules_of_the_door_hold_for_an_edit_and_name_the_field(
    strict: Organisation, strict_project: Project, fields: dict[str, Any], wrong: str
) -> None:
    define(strict)
    die(strict_project, event("a", unit="bunch"))
    with pytest.raises(InvalidInput) as refused:
        edit(**fields)
    assert list(refused.value.details) == [wrong]
    assert letter().status == Status.OPEN


def test_the_horizon_of_an_edit_is_measured_from_first_receipt(strict: Organisation, strict_project: Project) -> None:
    """80 days ago it may have happened 85 days before that, and not 95; and a day later, not more."""
    then = now() - timedelta(days=80)
    die(strict_project, event("a"), at=then)
    define(strict)
    for moment in (then - timedelta(days=95), then + timedelta(days=2)):
        with pytest.raises(InvalidInput, match="timestamp must lie between"):
            edit(timestamp=moment.isoformat())
    edit(timestamp=(then - timedelta(days=85)).isoformat(), event_id="a")
    assert settle().counted == 1


def test_an_edit_into_another_unknown_metric_is_refused(strict: Organisation, strict_project: Project) -> None:
    define(strict)
    die(strict_project, event("a", unit="bunch"))
    with pytest.raises(DomainError, match=r"Define the metric api_calls \(pile\) first"):
        edit(unit="pile")


# --- given up ---------------------------------------------------------------------------------------------------------


def test_a_discarded_letter_is_kept_with_the_reason_and_not_counted(strict_project: Project) -> None:
    die(strict_project, event("a"))
    found = dead_letters.discard_one(letter_id=letter().pk, reason="a test of theirs", by="olga")
    assert (found.status, found.resolution, found.resolved_by) == (Status.DISCARDED, "a test of theirs", "olga")
    assert fate(strict_project) == "dead_lettered"
    entry = AuditEntry.objects.filter(object_pk=str(found.pk)).latest("pk")
    assert entry.changes["status"] == ["open", "discarded"]
    assert entry.additional_data["reason"] == "a test of theirs"
    assert entry.additional_data["organisation"] == str(strict_project.organisation_id)


def test_what_is_resolved_is_resolved(strict: Organisation, strict_project: Project) -> None:
    die(strict_project, event("a"), event("b"))
    define(strict)
    replay("a")
    dead_letters.discard_one(letter_id=letter("b").pk, reason="no", by="otto")
    for event_id, sentence in (("a", "replayed already, by olga"), ("b", "discarded already, by otto")):
        with pytest.raises(DomainError, match=sentence):
            dead_letters.replay_one(letter_id=letter(event_id).pk, by="x")
        with pytest.raises(DomainError, match=sentence):
            dead_letters.discard_one(letter_id=letter(event_id).pk, reason="no", by="x")
    both = [letter("a").pk, letter("b").pk]
    report = dead_letters.discard(letter_ids=both, reason="no", by="x")
    assert (report.done, report.left.total()) == (0, 2)


def test_giving_up_needs_a_reason(strict_project: Project) -> None:
    die(strict_project, event("a"))
    with pytest.raises(InvalidInput):
        dead_letters.discard_one(letter_id=letter().pk, reason="  ", by="olga")
    with pytest.raises(InvalidInput):
        dead_letters.discard(letter_ids=[letter().pk], reason="", by="olga")


def test_a_letter_that_never_was_is_not_found(acme: Organisation) -> None:
    for verb in (
        lambda: dead_letters.replay_one(letter_id=acme.pk, by="olga"),
        lambda: dead_letters.discard_one(letter_id=acme.pk, reason="no", by="olga"),
    ):
        with pytest.raises(NotFound):
            verb()


# --- of a batch that was given up ------------------------------------------------------------------------------------


def give_up(accepted: Accepted, **fields: Any) -> None:
    EventBatch.objects.filter(pk=accepted.batch_id).update(status="quarantined", **fields)
    quarantine.discard_batch(batch_id=accepted.batch_id, reason="a bug of ours", discarded_by="otto")


def test_the_events_of_a_batch_that_was_given_up_can_be_replayed(acme: Organisation, project: Project) -> None:
    give_up(send(project, event("a", "2"), event("b", "3"), event("a", "2")))
    assert [letter("a").times_sent, letter("b").times_sent] == [2, 1]
    batch = replay("a")
    settle()
    assert verdict(batch) == ("settled", 1, 0, 0)
    assert total(acme) == 2


def test_a_replay_that_is_quarantined_and_given_up_goes_on_from_the_letter_before(
    acme: Organisation, project: Project
) -> None:
    then = now() - timedelta(days=2)
    accepted = send(project, event("a"))
    move(accepted, then)
    give_up(accepted)
    batch = replay("a")
    EventBatch.objects.filter(pk=batch.pk).update(status="quarantined")
    quarantine.discard_batch(batch_id=batch.pk, reason="still", discarded_by="otto")
    again = letter(status=Status.OPEN)
    assert (again.times_sent, again.first_seen_at) == (2, then)


def test_an_unreadable_dead_letter_can_not_be_replayed_or_edited(acme: Organisation, project: Project) -> None:
    give_up(send(project, event("a")), packed_events=b"garbage")
    whole = DeadLetter.objects.get()
    assert whole.accepted_event == {"base64": "Z2FyYmFnZQ=="}
    for verb in (
        lambda: dead_letters.replay_one(letter_id=whole.pk, by="olga"),
        lambda: dead_letters.replay_edited(letter_id=whole.pk, event=event("a"), by="olga"),
    ):
        with pytest.raises(DomainError, match="its sender has to send it again") as refused:
            verb()
        assert refused.value.code == "DEAD_LETTER_UNREADABLE"
    dead_letters.discard_one(letter_id=whole.pk, reason="sent again", by="olga")


# --- many at once -----------------------------------------------------------------------------------------------------


def test_thousands_are_replayed_at_once_and_what_would_die_again_is_left(
    strict: Organisation, strict_project: Project
) -> None:
    """2,500 in three requests; 3 name a metric that stays unknown, 1 is resolved already: 2,496 × 2 are counted."""
    then = now() - timedelta(days=1)
    for start in range(0, 2496, 832):
        die(strict_project, *[event(str(number), "2") for number in range(start, start + 832)], at=then)
    die(strict_project, *[event(f"odd{number}", unit="bunch") for number in range(3)], event("gone"))
    dead_letters.discard_one(letter_id=letter("gone").pk, reason="no", by="otto")
    define(strict)
    ids = list(DeadLetter.objects.order_by("first_seen_at").values_list("pk", flat=True))
    assert len(ids) == 2500
    report = dead_letters.replay(letter_ids=ids, by="olga")
    assert report.summary("Replayed") == (
        "Replayed 2,496; 4 left: Define the metric api_calls (bunch) first, or edit the event. "
        "It was discarded already, by otto."
    )
    assert EventBatch.objects.filter(is_replay=True).count() == 5, "one per chunk and moment of first receipt"
    assert settle().counted == 2496
    assert total(strict) == 4992
    assert DeadLetter.objects.filter(status=Status.OPEN).count() == 3
    assert AuditEntry.objects.filter(changes__status=["open", "replayed"]).count() == 2496
    assert dead_letters.replay(letter_ids=ids, by="olga").done == 0


def test_projects_and_moments_of_receipt_are_kept_apart(strict: Organisation, strict_project: Project) -> None:
    other = factories.project(strict, "Other")
    then = now() - timedelta(days=2)
    die(strict_project, event("a"), event("b"), at=then)
    die(other, event("a"), at=then)
    die(strict_project, event("c"), at=then + timedelta(hours=1))
    define(strict)
    dead_letters.replay(letter_ids=list(DeadLetter.objects.values_list("pk", flat=True)), by="olga")
    made = EventBatch.objects.filter(is_replay=True).values_list("project_id", "received_at", "event_count")
    hour = timedelta(hours=1)
    assert sorted(made) == sorted(
        [(strict_project.pk, then, 2), (other.pk, then, 1), (strict_project.pk, then + hour, 1)]
    )
    assert settle().counted == 4
