"""A settled batch may be settled again: what is missing is counted, what is right stays, and nothing counts twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, EventBatch, Metric, UsageAggregate, UsageEvent
from events.services import dead_letters
from events.services.aggregates.rebuilding import rebuild_aggregates
from events.services.months import close_period
from events.services.proof.comparing import compare
from events.services.settling.again import settle_again
from organisations.models import Organisation, Project
from tests.events.language import Accepted, batch_of, counted, event, now, send, settle, total
from tests.reconciliation.language import tamper

pytestmark = pytest.mark.django_db
LOSE = "DELETE FROM events_usageevent WHERE event_id = %s"


def verdict(accepted: Accepted) -> tuple[int, int, int]:
    batch = batch_of(accepted)
    return batch.counted, batch.duplicates, batch.dead_lettered


def again(accepted: Accepted) -> tuple[int, int, int]:
    """The verdict of settling it twice more; what was left agrees with the ledger, and so do the aggregates."""
    settle_again(batch_id=accepted.batch_id)
    first = verdict(accepted), UsageEvent.objects.count(), UsageAggregate.objects.count()
    settle_again(batch_id=accepted.batch_id)
    assert first == (verdict(accepted), UsageEvent.objects.count(), UsageAggregate.objects.count())
    assert list(compare([batch_of(accepted)])) == []
    return verdict(accepted)


def differences(organisation: Organisation, moment: datetime) -> int:
    period = BillingPeriod.containing(moment, organisation.zone)
    return rebuild_aggregates(organisation=organisation, period=period, dry_run=True).differences


@pytest.fixture
def strict(acme: Organisation) -> Organisation:
    Metric.objects.create(organisation=acme, name="api_calls", unit="call")
    acme.strict_metrics = True
    acme.save()
    return acme


def test_what_is_right_stays_as_it_is(strict: Organisation, project: Project) -> None:
    """Two counted, a copy within the batch, a copy of an earlier batch with another body, and a dead letter."""
    send(project, event("c"))
    accepted = send(project, event("a"), event("b"), event("a"), event("c", "9"), event("d", metric_name="new"))
    settle()
    assert again(accepted) == (2, 2, 1)
    assert batch_of(accepted).conflicts == 1
    assert (total(strict), DeadLetter.objects.get().times_sent) == (3, 1)


@pytest.mark.parametrize("aggregates_too", [False, True])
def test_a_lost_event_is_counted_once(acme: Organisation, project: Project, aggregates_too: bool) -> None:
    """Whether its aggregate was lost with it or not."""
    accepted = send(project, event("a", "5"), event("b", "7"))
    settle()
    tamper(LOSE, "a")
    if aggregates_too:
        tamper("UPDATE events_usageaggregate SET total = 7, event_count = 1")
    assert again(accepted) == (2, 0, 0)
    assert (counted(acme), total(acme)) == (["a", "b"], 12)
    assert differences(acme, now()) == 0


def test_each_kind_of_metric_is_as_the_ledger_says(acme: Organisation, project: Project) -> None:
    for name in ("max", "latest", "unique", "weighted_sum"):
        unique = {"unique_property": "user"} if name == "unique" else {}
        Metric.objects.create(organisation=acme, name=name, unit="x", aggregation=name, **unique)
    names = ("max", "latest", "unique", "weighted_sum")
    accepted = send(project, *(event(name, "3", metric_name=name, unit="x", metadata={"user": "u"}) for name in names))
    settle()
    tamper("DELETE FROM events_usageevent")
    assert again(accepted) == (4, 0, 0)
    assert differences(acme, now()) == 0


def test_an_event_whose_id_another_batch_has_by_now_is_a_duplicate(acme: Organisation, project: Project) -> None:
    accepted = send(project, event("a"), event("b"))
    settle()
    tamper(LOSE, "a")
    send(project, event("a"))
    settle()
    assert again(accepted) == (1, 1, 0)
    assert counted(acme) == ["a", "b"]


def test_a_closed_month_makes_it_late_usage(acme: Organisation, project: Project) -> None:
    """And its old aggregate is taken back: late usage of a month is billed less what the month has charged."""
    last_month = now().replace(day=1) - timedelta(days=3)
    accepted = send(project, event("a", "5"), event("b", "7"), at=last_month)
    settle()
    close_period(organisation=acme, period=BillingPeriod.containing(last_month, acme.zone))
    tamper(LOSE, "a")
    assert again(accepted) == (2, 0, 0)
    restored = UsageEvent.objects.get(event_id="a")
    assert (restored.is_late, restored.counted_in) == (True, now().astimezone(acme.zone).date().replace(day=1))
    assert (total(acme), differences(acme, last_month), differences(acme, now())) == (12, 0, 0)


def test_a_replayed_letter_is_counted_by_its_own_batch(strict: Organisation, project: Project) -> None:
    accepted = send(project, event("a", metric_name="new"))
    settle()
    Metric.objects.create(organisation=strict, name="new", unit="call")
    dead_letters.replay_one(letter_id=DeadLetter.objects.get().pk, by="olga")
    settle()
    assert again(accepted) == (0, 0, 1)
    replay = EventBatch.objects.get(is_replay=True)
    tamper(LOSE, "a")
    settle_again(batch_id=replay.pk)
    assert (EventBatch.objects.get(pk=replay.pk).counted, counted(strict)) == (1, ["a"])


def test_a_letter_that_was_replayed_twice_is_counted_by_the_second_replay(
    strict: Organisation, project: Project
) -> None:
    """The first one was rejected again, as its metric was gone by then: its letter decides nothing of the second."""
    send(project, event("a", metric_name="new"))
    settle()
    for is_there in (False, True):
        metric = Metric.objects.create(organisation=strict, name="new", unit="call")
        dead_letters.replay_one(letter_id=DeadLetter.objects.get(status="open").pk, by="olga")
        if not is_there:
            metric.delete()
        settle()
    second = DeadLetter.objects.order_by("resolved_at").last()
    assert second
    assert counted(strict) == ["a"]
    tamper(LOSE, "a")
    settle_again(batch_id=second.replay_batch_id)
    assert (EventBatch.objects.get(pk=second.replay_batch_id).counted, counted(strict)) == (1, ["a"])


def test_a_verdict_that_was_lost_is_found_again(acme: Organisation, project: Project) -> None:
    """The entries were committed and the batch's own row was not, as a coordinator of Citus may do."""
    accepted = send(project, event("a"), event("b"))
    settle()
    tamper("UPDATE events_eventbatch SET status = 'pending', settled_at = NULL, counted = 0, next_attempt_at = now()")
    settle()
    assert (verdict(accepted), total(acme)) == ((2, 0, 0), 2)


def test_only_what_is_settled_and_readable(project: Project) -> None:
    accepted = send(project, event("a"))
    with pytest.raises(DomainError, match="not settled yet"):
        settle_again(batch_id=accepted.batch_id)
    settle()
    tamper("UPDATE events_eventbatch SET packed_events = 'x'")
    with pytest.raises(DomainError, match="can't be read"):
        settle_again(batch_id=accepted.batch_id)
