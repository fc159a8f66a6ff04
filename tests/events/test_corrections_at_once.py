"""Corrections during other corrections, settling and closing, with real threads and connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connections, transaction

from billing_platform.lib import clock
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import DomainError
from events.models import Metric, UsageAggregate, UsageCorrection
from events.services.metrics import define_metric
from events.services.settling import chunks
from organisations.models import Organisation, Project
from tests import factories
from tests.events.correcting import (
    IN_NOVEMBER,
    IN_OCTOBER,
    MID_NOVEMBER,
    NOVEMBER,
    assert_rebuild_agrees,
    close_october,
    correct,
    counted,
    usage,
    void,
)
from tests.events.language import event, send, settle
from tests.events.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def the_twelfth_of_november() -> Iterator[None]:
    with clock.standing_at(MID_NOVEMBER):
        yield


def tried(verb: Callable[..., UsageCorrection], *what: Any) -> str:
    """How it went, in a thread where it is the 12th of November too."""
    with clock.standing_at(MID_NOVEMBER):
        try:
            return verb(*what).action
        except DomainError as error:
            return error.code


@pytest.fixture
def stuck() -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """Start something in a thread and see that it waits; its future tells how it went on."""
    with ThreadPoolExecutor(1) as pool:

        def start(job: Callable[[], Any]) -> Future[Any]:
            future = pool.submit(_closing, job)
            time.sleep(0.3)
            assert not future.done()
            return future

        yield start


def _closing(job: Callable[[], Any]) -> Any:
    try:
        return job()
    finally:
        connections.close_all()


def test_an_event_is_voided_once_however_many_try(acme: Organisation, project: Project) -> None:
    for number in range(3):
        counted(project, event(f"e{number}", "10", timestamp=IN_NOVEMBER))
        voids = [partial(tried, void, project, f"e{number}")] * 4
        assert sorted(at_once(*voids)) == ["EVENT_VOIDED"] * 3 + ["void"]
    assert usage(project) == 0
    assert_rebuild_agrees(acme)


def test_corrections_of_one_event_follow_each_other(acme: Organisation, project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    corrections = [partial(tried, correct, project, "a", str(number)) for number in range(4)]
    assert at_once(*corrections) == ["correct"] * 4
    (last,) = [row for row in UsageCorrection.objects.all() if not _was_cancelled(row)]
    assert usage(project) == last.quantity_after
    assert UsageAggregate.objects.get().event_count == 1
    assert_rebuild_agrees(acme)


def _was_cancelled(correction: UsageCorrection) -> bool:
    return UsageCorrection.objects.filter(cancelled_event_id=f"correction:{correction.pk}:replacement").exists()


def test_corrections_and_settling_get_along(
    acme: Organisation, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same hour, the same aggregate, and a maximum that some raise while others take it away."""
    Metric.objects.create(organisation=acme, name="api_calls", unit="call", aggregation="max")
    monkeypatch.setattr(chunks, "CHUNK_EVENTS", 20)
    counted(project, *[event(f"old {number}", str(number), timestamp=IN_NOVEMBER) for number in range(40)])
    for batch in range(10):
        send(project, *[event(f"new {batch} {row}", str(row), timestamp=IN_NOVEMBER) for row in range(20)])
    even, odd = ([f"old {number}" for number in range(first, 40, 2)] for first in (0, 1))
    first, second, *reports = at_once(
        lambda: [tried(void, project, name) for name in even],
        lambda: [tried(void, project, name) for name in odd],
        settle,
        settle,
    )
    settle()
    assert {*first, *second} == {"void"}
    assert sum(report.failed for report in reports) == 0
    aggregate = UsageAggregate.objects.get()
    # ten batches of 0 + … + 19 = 190; the old ones are gone, and with them the 39
    assert (aggregate.event_count, aggregate.total, aggregate.maximum) == (200, 1900, 19)
    assert_rebuild_agrees(acme)


def test_a_correction_waits_for_running_chunks(project: Project, stuck: Any) -> None:
    """So it can't put a row into a month that another worker has just found empty (see settling)."""
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    with transaction.atomic():
        advisory_lock(LockSpace.DEDUP, shared=True)
        future = stuck(partial(tried, void, project, "a"))
    assert future.result(timeout=10) == "void"


def test_a_definition_waits_for_the_chunk_that_registers_the_metric(acme: Organisation, stuck: Any) -> None:
    def define() -> Metric:
        return define_metric(
            actor=factories.member("root", None, "admin"),
            organisation=acme,
            name="seats",
            unit="seat",
            aggregation="max",
        )

    with transaction.atomic():
        advisory_lock(LockSpace.DEDUP, shared=True)
        registered = Metric.objects.create(organisation=acme, name="seats", unit="seat", registered_automatically=True)
        future = stuck(define)
    assert future.result(timeout=10) == registered
    assert Metric.objects.get().aggregation == "max"


def test_a_month_that_closes_meanwhile_stays_as_it_was(acme: Organisation, project: Project, stuck: Any) -> None:
    counted(project, event("a", "10", timestamp=IN_OCTOBER))
    with transaction.atomic():
        close_october(acme)
        future = stuck(partial(tried, void, project, "a"))
    assert future.result(timeout=10) == "void"
    assert UsageCorrection.objects.get().counted_in == NOVEMBER.start
    assert_rebuild_agrees(acme)
