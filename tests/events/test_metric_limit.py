"""Usage registers a limited number of metrics automatically; further metric names become dead letters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from billing_platform.lib.errors import DomainError
from events.models import DeadLetter, Metric, UsageEvent
from events.services import dead_letters
from events.services.metrics import define_metric
from events.services.settling import chunks
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import aggregates, batch_of, counted, event, fold, send, settle

LIMIT = 5


@pytest.fixture(autouse=True)
def _few(settings: Any) -> None:
    settings.EVENTS_MAX_METRICS = LIMIT


def _names(*numbers: int) -> list[dict[str, Any]]:
    return [event(f"e{number}", metric_name=f"m{number}") for number in numbers]


@pytest.mark.django_db
def test_beyond_the_limit_events_are_kept_as_dead_letters(acme: Organisation, project: Project) -> None:
    Metric.objects.create(organisation=acme, name="defined", unit="call")
    Metric.objects.create(organisation=None, name="shared", unit="call")
    accepted = send(
        project, *_names(*range(8)), event("d", metric_name="defined"), event("s", metric_name="shared"), *_names(0)
    )
    settle()
    batch = batch_of(accepted)
    assert (batch.counted, batch.duplicates, batch.dead_lettered) == (7, 1, 3)
    assert Metric.objects.filter(organisation=acme, registered_automatically=True).count() == LIMIT
    letters = DeadLetter.objects.order_by("event_id")
    assert [(letter.event_id, letter.reason) for letter in letters] == [(f"e{n}", "METRIC_LIMIT") for n in (5, 6, 7)]
    assert "at most 5 metrics" in letters[0].message


@pytest.mark.django_db
def test_known_metrics_and_other_customers_are_still_counted(acme: Organisation, project: Project) -> None:
    other = factories.project(factories.organisation("Initech"))
    send(project, *_names(*range(LIMIT)))
    settle()
    send(project, *[event(f"again-{n}", metric_name=f"m{n}") for n in range(LIMIT)], event("new", metric_name="x"))
    send(other, event("theirs", metric_name="x"))
    assert (settle().counted, counted(other.organisation)) == (LIMIT + 1, ["theirs"])


@pytest.mark.django_db
def test_the_way_out_is_to_define_the_metric_and_replay(acme: Organisation, project: Project, operator: Any) -> None:
    send(project, *_names(*range(LIMIT + 1)))
    settle()
    letter = DeadLetter.objects.get()
    with pytest.raises(DomainError) as refused:
        dead_letters.replay_one(letter_id=letter.pk, by="otto")
    assert refused.value.code == "METRIC_LIMIT"
    define_metric(actor=operator, organisation=acme, name="m5", unit="call", aggregation="sum", dimensions=[])
    dead_letters.replay_one(letter_id=letter.pk, by="otto")
    assert settle().counted == 1
    assert len(counted(acme)) == LIMIT + 1
    assert aggregates(acme) == fold(UsageEvent.objects.filter(organisation=acme))


@pytest.mark.django_db
def test_a_defined_metric_does_not_count_for_the_limit(acme: Organisation, project: Project, operator: Any) -> None:
    send(project, *_names(*range(LIMIT)))
    settle()
    define_metric(actor=operator, organisation=acme, name="m0", unit="call", aggregation="sum", dimensions=[])
    send(project, *_names(8, 9))
    assert (settle().counted, DeadLetter.objects.get().event_id) == (1, "e9")


@pytest.mark.django_db(transaction=True)
def test_two_workers_together_keep_the_limit(acme: Organisation) -> None:
    """Each of sixteen requests brings three names of its own, settled four at a time by four workers."""
    projects = [factories.project(acme, f"P{number}") for number in range(4)]
    for number in range(16):
        send(projects[number % 4], *_names(*range(number * 3, number * 3 + 3)))
    together = Barrier(4)

    def work() -> int:
        try:
            together.wait()
            return sum(chunks.settle_pending(limit_batches=1).counted for _ in range(6))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        totals = [future.result() for future in [pool.submit(work) for _ in range(4)]]
    settle()
    assert Metric.objects.filter(organisation=acme).count() == LIMIT
    assert (sum(totals) <= LIMIT, UsageEvent.objects.count()) == (True, LIMIT)
    assert DeadLetter.objects.filter(reason="METRIC_LIMIT").count() == 48 - LIMIT
