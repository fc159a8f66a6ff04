"""Several workers, several requests and a killed process, with real threads, connections and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from events.models import EventBatch, UsageEvent
from events.services.settling import chunks
from events.services.settling.again import settle_again
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import aggregates, batch_of, counted, event, fold, post, send, settle, total
from tests.reconciliation.language import tamper

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads that start together, each with a connection of its own."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_twenty_threads_post_the_same_event_and_it_counts_once(acme: Organisation, project_key: str) -> None:
    answers = at_once(*[lambda: post(project_key, event("same", "3")) for _ in range(20)])
    assert {answer.status_code for answer in answers} == {202}
    reports = at_once(*[settle for _ in range(4)])
    assert sum(report.counted for report in reports) == 1
    assert sum(report.duplicates for report in reports) == 19
    assert total(acme) == 3


def test_workers_with_the_same_events_in_other_orders_neither_deadlock_nor_double(
    acme: Organisation, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_EVENTS", 400)  # many small chunks: many chances to collide
    events = [event(f"{number:03d}", "1", metadata={"n": number}) for number in range(200)]
    for turn in range(12):
        send(project, *(events if turn % 2 else reversed(events)))
    reports = at_once(*[settle for _ in range(4)])
    settle()
    assert sum(report.failed for report in reports) == 0
    assert len(counted(acme)) == 200
    assert total(acme) == 200
    batches = EventBatch.objects.all()
    assert sum(batch.counted for batch in batches) == 200
    assert sum(batch.duplicates for batch in batches) == 2200
    assert aggregates(acme) == fold(UsageEvent.objects.filter(organisation=acme))


def test_copies_from_two_months_settled_at_the_same_moment_count_once(
    acme: Organisation, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker holds one of the two copies and has looked before the other commits, if nothing stops it."""
    stage = chunks.open_stage

    def slowly(batches: Any) -> Any:
        time.sleep(0.3)  # between looking which months are in use and writing
        return stage(batches)

    monkeypatch.setattr(chunks, "open_stage", slowly)
    november, december = datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 12, 1, 0, 1, tzinfo=UTC)
    for number in range(3):
        # In the first round neither month holds anything, in the second both do.
        old = send(project, event(f"e{number}"), at=november)
        new = send(project, event(f"e{number}"), at=december)
        reports = at_once(
            lambda: chunks.settle_pending(limit_batches=1), lambda: chunks.settle_pending(limit_batches=1)
        )
        settle()
        assert sum(report.failed for report in reports) == 0
        assert sorted([batch_of(old).counted, batch_of(new).counted]) == [0, 1], number
    assert len(counted(acme)) == 3


def test_claiming_leaves_the_rest_to_others(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_EVENTS", 100)
    for number in range(8):
        send(project, *[event(f"{number}-{copy}") for copy in range(50)])
    reports = at_once(settle, settle)
    assert sum(report.batches for report in reports) == 8


def test_a_worker_skips_batches_that_another_worker_holds(project: Project) -> None:
    held = send(project, event("held"))
    send(project, event("free"))
    connection.set_autocommit(False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM events_eventbatch WHERE id = %s FOR UPDATE", [held.batch_id])
        (report,) = at_once(settle)
        assert report.counted == 1
    finally:
        connection.rollback()
        connection.set_autocommit(True)
    assert settle().counted == 1


KILLED = """
import os, sys, django
django.setup()
from events.services.settling import chunks, writing
mark = writing._mark_settled
def pause(cursor, batches):
    print("written", flush=True)  # ledger and aggregates are written, the verdict is not, nothing is committed
    sys.stdin.read()
    mark(cursor, batches)
writing._mark_settled = pause
chunks.settle_pending()
"""


def test_a_worker_killed_in_the_middle_loses_nothing_and_counts_nothing_twice(
    acme: Organisation, project: Project
) -> None:
    accepted = send(project, *[event(str(number), "2") for number in range(500)])
    url = "postgresql://{USER}:{PASSWORD}@/{NAME}".format(**connection.settings_dict)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": _same_server(os.environ.get("DATABASE_URL", url), connection.settings_dict["NAME"]),
        "PYTHONPATH": str(ROOT),
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"written\n"
        assert settle().batches == 0  # the dying worker still holds the batch
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert counted(acme) == []
    deadline = time.monotonic() + 10
    while batch_of(accepted).status == "pending" and time.monotonic() < deadline:
        settle()  # as soon as PostgreSQL has noticed
    assert batch_of(accepted).counted == 500
    assert total(acme) == 1000
    assert aggregates(acme) == fold(UsageEvent.objects.filter(organisation=acme))


def _same_server(url: str, database: str) -> str:
    """The address of the test database on the server that the tests use."""
    from urllib.parse import urlsplit, urlunsplit

    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def test_a_metric_that_two_workers_meet_at_once_is_registered_once(acme: Organisation) -> None:
    projects = [factories.project(acme, f"P{number}") for number in range(4)]
    for project in projects:
        send(project, *[event(str(number), metric_name=f"m{number}") for number in range(20)])
    reports = at_once(*[lambda: chunks.settle_pending(limit_batches=1) for _ in projects])
    settle()
    assert sum(report.failed for report in reports) == 0
    assert UsageEvent.objects.filter(organisation=acme).values("metric").distinct().count() == 20


def test_a_batch_that_two_settle_again_at_once_while_others_settle_counts_once(
    acme: Organisation, project: Project
) -> None:
    accepted = send(project, *[event(f"{number:03d}", "2") for number in range(100)])
    settle()
    tamper("DELETE FROM events_usageevent WHERE event_id < '050'")
    send(project, *[event(f"{number:03d}", "2") for number in range(40, 60)])
    settle_it = partial(settle_again, batch_id=accepted.batch_id)
    at_once(settle_it, settle, settle_it)
    assert len(counted(acme)) == 100
    assert aggregates(acme) == fold(UsageEvent.objects.filter(organisation=acme))
    assert batch_of(accepted).counted in (100, 90)  # 90: the others were first
