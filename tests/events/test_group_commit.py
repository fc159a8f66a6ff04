"""Several threads commit together: no row is lost, and a failure affects only its own thread."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from billing_platform.lib import clock
from billing_platform.lib.group_commit import GroupCommit, NotWritten
from events.models import EventBatch
from events.services import accepting
from events.services.partitions import list_partitions
from events.wire import packing
from events.wire.incoming import AcceptedEvent
from organisations.models import Project
from tests import factories


@dataclass
class Disk:
    """Remembers what was written together, can be held up, and refuses negative numbers."""

    writes: list[list[int]] = field(default_factory=list)
    busy: threading.Event = field(default_factory=threading.Event)
    free: threading.Event = field(default_factory=threading.Event)

    def write(self, items: Sequence[int]) -> None:
        self.busy.set()
        self.free.wait(10)
        if min(items) < 0:
            raise ValueError("negative")
        self.writes.append(list(items))


def _while_one_writes(disk: Disk, group: GroupCommit[int], items: Sequence[int]) -> list[str]:
    """What became of each item, sent while item 1 is being written."""

    def submit(item: int) -> str:
        try:
            group.submit(item)
        except (NotWritten, ValueError) as error:
            return type(error).__name__
        return "written"

    with ThreadPoolExecutor(len(items) + 1) as threads:
        first = threads.submit(submit, 1)
        assert disk.busy.wait(10)
        others = [threads.submit(submit, item) for item in items]
        _wait_until(lambda: len(group._waiting) == len(items))
        disk.free.set()
        return [outcome.result(10) for outcome in (first, *others)]


def _wait_until(question: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not question():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_thread_that_comes_alone_writes_alone() -> None:
    disk = Disk()
    disk.free.set()
    group = GroupCommit(disk.write, most=10)
    for item in (1, 2, 3):
        group.submit(item)
    assert disk.writes == [[1], [2], [3]]


def test_those_who_come_while_one_writes_are_written_together_up_to_the_limit() -> None:
    disk = Disk()
    outcomes = _while_one_writes(disk, GroupCommit(disk.write, most=3), [2, 3, 4, 5])
    assert outcomes == ["written"] * 5
    assert [len(items) for items in disk.writes] == [1, 3, 1]
    assert sorted(item for items in disk.writes for item in items) == [1, 2, 3, 4, 5]


def test_everyone_in_a_group_that_failed_is_told() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, most=10)
    assert _while_one_writes(disk, group, [2, -1, 3]) == ["written", "NotWritten", "NotWritten", "NotWritten"]
    group.submit(6)
    assert disk.writes == [[1], [6]]


def test_who_failed_alone_hears_the_reason() -> None:
    disk = Disk()
    disk.free.set()
    with pytest.raises(ValueError, match="negative"):
        GroupCommit(disk.write, most=10).submit(-1)


def test_many_threads_write_everything_exactly_once() -> None:
    disk = Disk()
    disk.free.set()
    group = GroupCommit(disk.write, most=4)
    items = range(2_000)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(group.submit, items))
    assert Counter(item for written in disk.writes for item in written) == Counter(items)


def _batch(project: Project, *, count: int = 1) -> accepting.NewBatch:
    events = [AcceptedEvent("e", "api_calls", "call", "1", None, None)]
    packed = packing.pack(events)
    return accepting.NewBatch(uuid.uuid4(), project.organisation_id, project.pk, clock.now(), count, packed)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_the_database_refuses_does_not_stop_other_rows() -> None:
    project = factories.project(factories.organisation("Acme"))
    good = [_batch(project) for _ in range(60)]
    bad = [_batch(project, count=-1) for _ in range(20)]

    def store(batch: accepting.NewBatch) -> bool:
        try:
            accepting._store(batch)
        except DatabaseError:
            return False
        finally:
            connection.close()
        return True

    mixed = [batch for four in zip(good[::3], good[1::3], good[2::3], bad, strict=True) for batch in four]
    with ThreadPoolExecutor(8) as threads:
        stored = dict(zip([batch.id for batch in mixed], threads.map(store, mixed), strict=True))
    assert {batch_id for batch_id, was_stored in stored.items() if was_stored} == {batch.id for batch in good}
    assert set(EventBatch.objects.values_list("pk", flat=True)) == {batch.id for batch in good}


@pytest.mark.django_db(transaction=True)
def test_a_row_that_had_arrived_before_the_connection_broke_is_no_failure(project: Project) -> None:
    batch = _batch(project)
    accepting._insert([batch])
    accepting._store_alone(batch)
    assert EventBatch.objects.get().pk == batch[0]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_cut_is_replaced_without_a_word(project: Project) -> None:
    accepting._store(_batch(project))
    _cut_connection()
    accepting._store(_batch(project))
    assert EventBatch.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_row_that_finds_no_partition_over_the_new_connection_is_not_taken_for_stored(project: Project) -> None:
    accepting._store(_batch(project))
    known = {partition.name for partition in list_partitions()}
    _cut_connection()
    batch = _batch(project)
    try:
        accepting._store(batch._replace(received_at=batch.received_at + timedelta(days=60)))
        assert EventBatch.objects.filter(pk=batch.id).exists()
    finally:
        with connection.cursor() as cursor:
            for partition in list_partitions():
                if partition.name not in known:
                    cursor.execute(f"DROP TABLE {partition.name}")


def _cut_connection() -> None:
    """As when the database is restarted: this thread finds out with its next statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        connection.close()

    thread = threading.Thread(target=cut)
    thread.start()
    thread.join()
