"""A dry run says what a replay would do, by the rules that the replay meets, and leaves nothing behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, EventBatch, Metric, UsageAggregate, UsageEvent, UsagePeriod
from events.services import dead_letters, months
from events.services.settling import rehearsal
from events.services.settling.rehearsal import Rehearsal
from organisations.models import AuditEntry, Organisation, Project
from tests import factories
from tests.events.language import event, now, send, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def strict(acme: Organisation) -> Organisation:
    acme.strict_metrics = True
    acme.save()
    return acme


@pytest.fixture
def strict_project(strict: Organisation, project: Project) -> Project:
    return project


def die(project: Project, *events: dict[str, Any], at: datetime | None = None) -> DeadLetter:
    """Send what nobody can count yet; the letter of the first."""
    send(project, *events, at=at)
    settle()
    found: DeadLetter = DeadLetter.objects.get(event_id=events[0]["event_id"])
    return found


def define(organisation: Organisation, name: str = "api_calls", unit: str = "call", **fields: Any) -> Metric:
    return Metric.objects.create(organisation=organisation, name=name, unit=unit, **fields)


def stored() -> dict[str, Any]:
    """Everything that settling writes."""
    kept = (DeadLetter, EventBatch, UsageEvent, UsageAggregate, UsagePeriod, Metric, AuditEntry)
    return {model.__name__: sorted(model.objects.values_list("pk", flat=True), key=str) for model in kept}


def dry_run(letter: DeadLetter, **edited: Any) -> Rehearsal:
    """Nothing is stored by it, whatever it says."""
    before = stored()
    try:
        return dead_letters.dry_run(letter_id=letter.pk, event=edited or None)
    finally:
        assert stored() == before
        letter.refresh_from_db()
        assert letter.status == DeadLetter.Status.OPEN


def replayed(letter: DeadLetter) -> UsageEvent:
    dead_letters.replay_one(letter_id=letter.pk, by="olga")
    settle()
    found: UsageEvent = UsageEvent.objects.get(event_id=letter.event_id)
    return found


def last_month(organisation: Organisation) -> tuple[BillingPeriod, datetime]:
    period = BillingPeriod.containing(now(), organisation.zone).previous()
    return period, datetime.combine(period.start, datetime.min.time(), UTC) + timedelta(days=9)


def test_it_says_what_the_replay_then_does(strict: Organisation, strict_project: Project) -> None:
    letter = die(strict_project, event("a", "2.5"), at=now() - timedelta(days=2))
    metric = define(strict)
    said = dry_run(letter)
    assert said.counted is not None
    counted = replayed(letter)
    for name in ("metric_id", "project_id", "quantity", "occurred_at", "received_at", "hour", "counted_in", "is_late"):
        assert getattr(said.counted, name) == getattr(counted, name), name
    assert (counted.metric_id, counted.quantity) == (metric.pk, Decimal("2.5"))
    assert not said.registers_metric


def test_a_closed_month_is_said_to_be_billed_with_the_next_open_one(
    strict: Organisation, strict_project: Project
) -> None:
    month, then = last_month(strict)
    letter = die(strict_project, event("a"), at=then)
    define(strict)
    said = dry_run(letter)
    assert said.counted is not None
    assert (said.counted.is_late, said.counted.counted_in) == (False, month.start)
    months.close_period(organisation=strict, period=month)
    said = dry_run(letter)
    assert said.counted is not None
    assert (said.counted.is_late, said.counted.counted_in, said.used_in) == (True, month.next().start, month)
    assert replayed(letter).counted_in == month.next().start


def test_what_is_counted_meanwhile_is_a_duplicate_of_its_nearest_copy(
    strict: Organisation, strict_project: Project
) -> None:
    """Sent 60 days ago, and counted since 59 days ago and, beyond the window and so once more, 10 days ago."""
    then = now() - timedelta(days=60)
    letter = die(strict_project, event("a", "5"), at=then)
    define(strict)
    for days in (1, 50):
        send(strict_project, event("a", "7"), at=then + timedelta(days=days))
        settle()
    said = dry_run(letter)
    assert said.counted is None
    assert said.duplicate_of == UsageEvent.objects.get(event_id="a", received_at=then + timedelta(days=1))
    assert said.differs, "7 counts, 5 was sent"


def test_a_copy_that_says_the_same_does_not_differ(strict: Organisation, strict_project: Project) -> None:
    letter = die(strict_project, event("a", "5"))
    define(strict)
    send(strict_project, event("a", "5"))
    settle()
    said = dry_run(letter)
    assert (said.duplicate_of, said.differs) == (UsageEvent.objects.get(event_id="a"), False)


def test_what_a_replay_refuses_the_dry_run_refuses_with_the_same_words(strict_project: Project) -> None:
    letter = die(strict_project, event("a"))
    with pytest.raises(DomainError) as by_dry_run:
        dry_run(letter)
    with pytest.raises(DomainError) as by_replay:
        dead_letters.replay_one(letter_id=letter.pk, by="olga")
    assert (by_dry_run.value.code, by_dry_run.value.message) == (by_replay.value.code, by_replay.value.message)
    assert by_dry_run.value.code == "METRIC_UNKNOWN"


def test_an_edited_event_is_judged_as_edited(strict: Organisation, strict_project: Project) -> None:
    letter = die(strict_project, event("a"))
    define(strict, "requests", "request")
    said = dry_run(letter, metric_name="requests", metric_value=3, unit="request")
    assert said.counted is not None
    assert (said.counted.metric.name, said.counted.quantity) == ("requests", 3)
    with pytest.raises(InvalidInput, match="metric_value"):
        dry_run(letter, metric_name="requests", metric_value=-3, unit="request")
    with pytest.raises(DomainError, match=r"Define the metric requests \(bunch\) first"):
        dry_run(letter, metric_name="requests", metric_value=3, unit="bunch")


def test_a_metric_that_the_event_would_register_is_not_registered(
    strict: Organisation, strict_project: Project
) -> None:
    letter = die(strict_project, event("a"))
    strict.strict_metrics = False
    strict.save()
    said = dry_run(letter)
    assert said.counted is not None
    assert said.registers_metric
    assert said.counted.metric.name == "api_calls"


def test_a_change_of_a_level_is_late_where_a_month_after_it_is_closed(
    strict: Organisation, strict_project: Project
) -> None:
    month, then = last_month(strict)
    earlier = then - timedelta(days=30)
    letter = die(strict_project, event("a", metric_name="seats", unit="seat"), at=earlier)
    define(strict, "seats", "seat", aggregation="weighted_sum")
    months.close_period(organisation=strict, period=month)
    said = dry_run(letter)
    assert said.counted is not None
    assert (said.used_in, said.counted.counted_in) == (month.previous(), month.next().start)
    assert said.counted.is_late


def test_what_the_database_can_not_store_is_refused(strict: Organisation, strict_project: Project) -> None:
    letter = die(strict_project, event("a"))
    define(strict)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_usageevent ADD CONSTRAINT no_sevens CHECK (quantity <> 7) NOT VALID")
    said = dry_run(letter, metric_name="api_calls", metric_value=7, unit="call")
    assert said.counted is None
    assert "The database can't store this event (SQLSTATE 23514)" in said.refused


def test_who_asks_for_what_is_gone_or_done_with_is_told(strict: Organisation, strict_project: Project) -> None:
    letter = die(strict_project, event("a"))
    with pytest.raises(NotFound):
        dead_letters.dry_run(letter_id=factories.organisation("Initech").pk)
    dead_letters.discard_one(letter_id=letter.pk, reason="no", by="olga")
    with pytest.raises(DomainError, match="It was discarded already, by olga"):
        dead_letters.dry_run(letter_id=letter.pk)


@pytest.mark.django_db(transaction=True)
def test_it_does_not_wait_long_for_a_month_that_is_being_invoiced(
    strict: Organisation, strict_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "LOCK_TIMEOUT", "100ms")
    letter = die(strict_project, event("a"))
    define(strict)
    month = BillingPeriod.containing(now(), strict.zone)

    def look() -> str:
        try:
            dead_letters.dry_run(letter_id=letter.pk)
        except DomainError as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic():
            months.lock_period(strict, month.start)
            assert elsewhere.submit(look).result() == "BUSY"
        assert elsewhere.submit(look).result() == "done"
