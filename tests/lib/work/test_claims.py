"""Waiting work on a table of its own: one worker at a time, and nothing is lost when one of them dies."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connection, models, transaction
from django.test.utils import isolate_apps

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.errors import DomainError
from billing_platform.lib.work import backoff
from billing_platform.lib.work.claims import (
    ClaimedWork,
    State,
    claim,
    done,
    due_ids,
    due_index,
    hand_out,
    let_go,
    note_failure,
)

pytestmark = pytest.mark.django_db(transaction=True)

with isolate_apps("organisations"):

    class Errand(ClaimedWork, BaseModel):
        """A user of the machine, with a status of its own."""

        max_attempts = 3
        own_status = {
            State.WAITING: "to do",
            State.AT_WORK: "doing",
            State.GIVEN_UP: "hopeless",
            State.DONE: "done",
        }

        status = models.CharField(max_length=10, default="to do")
        note = models.CharField(max_length=20, blank=True)
        after = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

        class Meta:
            app_label = "organisations"
            indexes = (due_index("errand_due"),)


@pytest.fixture(autouse=True)
def _table(transactional_db: None) -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.create_model(Errand)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Errand)


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    """Let so much time pass."""
    with time_machine.travel("2026-11-01T10:00:00+00:00", tick=False) as traveller:
        yield lambda span: traveller.shift(span)


Later = Callable[[timedelta], None]


def errand(**fields: Any) -> Errand:
    return Errand.objects.create(**fields)  # type: ignore[no-any-return]


def fresh(row: Errand) -> Errand:
    return Errand.objects.get(pk=row.pk)  # type: ignore[no-any-return]


def take(row: Errand, **kwargs: Any) -> Errand | None:
    return claim(Errand.objects.all(), row.pk, **kwargs)


@pytest.mark.parametrize("allowed", [{}, {"after__note": "free"}], ids=["of all", "of some, by another table"])
def test_of_many_workers_that_come_at_once_one_gets_the_row(allowed: dict[str, str]) -> None:
    free = errand(note="free", next_attempt_at=None, status="done")
    rows = [errand(after=free) for _ in range(10)]
    workers = 6
    start = Barrier(workers)

    def take_all(_number: int) -> list[Any]:
        start.wait()
        try:
            return [row.pk for row in rows if claim(Errand.objects.filter(**allowed), row.pk)]
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as threads:
        taken = Counter(itertools.chain(*threads.map(take_all, range(workers))))
    assert taken == {row.pk: 1 for row in rows}
    assert set(Errand.objects.exclude(pk=free.pk).values_list("status", "attempts")) == {("doing", 1)}


def test_a_claim_that_ended_is_taken_over_and_the_slower_worker_changes_nothing(later: Later) -> None:
    row = errand()
    slow = take(row)
    assert slow is not None
    assert take(row) is None
    assert due_ids(Errand.objects.all()) == []
    later(Errand.claim_lasts)
    assert due_ids(Errand.objects.all()) == [row.pk]
    fast = take(row)
    assert fast is not None
    before = Errand.objects.values().get(pk=row.pk)
    assert not note_failure(slow, "too slow", note="slow")
    assert not done(slow, note="slow")
    assert not let_go(slow, note="slow")
    assert Errand.objects.values().get(pk=row.pk) == before
    assert done(fast, note="fast")
    after = fresh(row)
    assert (after.work_state, after.status, after.note) == (State.DONE, "done", "fast")
    assert not note_failure(slow, "too slow")
    assert take(row) is None


def test_a_failure_waits_longer_each_time_and_is_given_up_after_the_last_try(later: Later) -> None:
    row = errand()
    for attempt, minutes in ((1, 1), (2, 2)):
        taken = take(row)
        assert taken is not None
        assert note_failure(taken, OSError("disk\x00full"))
        failed = fresh(row)
        assert (failed.attempts, failed.last_failure, failed.status) == (attempt, "OSError: diskfull", "to do")
        assert failed.next_attempt_at is not None
        pause = failed.next_attempt_at - clock.now()
        assert timedelta(minutes=minutes) <= pause <= timedelta(minutes=minutes) * 5 / 4
        later(pause - timedelta(seconds=1))
        assert take(row) is None
        later(timedelta(seconds=1))
    last = take(row)
    assert last is not None
    note_failure(last, DomainError("It can't be."))
    given_up = fresh(row)
    assert (given_up.work_state, given_up.status, given_up.last_failure) == (
        State.GIVEN_UP, "hopeless", "It can't be.",
    )  # fmt: skip
    later(timedelta(days=1))
    assert due_ids(Errand.objects.all()) == []


def test_what_kills_every_worker_is_given_up_and_not_handed_to_one_more(later: Later) -> None:
    row = errand()
    for _ in range(Errand.max_attempts):
        assert take(row)
        later(Errand.claim_lasts)
    assert take(row) is None
    assert (fresh(row).status, fresh(row).last_failure) == ("hopeless", "Every worker that tried it died.")


def test_a_person_asks_for_another_try_of_what_was_given_up() -> None:
    row = errand()
    taken = take(row)
    assert taken is not None
    note_failure(taken, "no", final=True)
    assert take(row) is None
    asked = fresh(row)
    asked.save(update_fields=asked.try_now())
    assert (fresh(row).attempts, fresh(row).last_failure, fresh(row).work_state) == (0, "", State.WAITING)
    assert take(row)


def test_what_was_let_go_is_no_failure_and_is_due_again_when_it_says(later: Later) -> None:
    row = errand()
    taken = take(row)
    assert taken is not None
    let_go(taken, after=timedelta(minutes=10))
    assert (fresh(row).status, fresh(row).last_failure) == ("to do", "")
    assert take(row) is None
    assert take(row, early=True)  # somebody was sent to it
    assert take(row, early=True) is None
    later(timedelta(minutes=10))
    assert take(row)


def test_what_was_let_go_often_is_paused_after_its_first_failure_as_if_it_had_never_waited(later: Later) -> None:
    row = errand()
    for _ in range(Errand.max_attempts + 2):
        taken = take(row)
        assert taken is not None
        assert let_go(taken)
    assert fresh(row).attempts == 0
    taken = take(row)
    assert taken is not None
    note_failure(taken, "no")
    assert fresh(row).work_state == State.WAITING
    later(backoff.FIRST * 1.25)
    assert take(row)


def test_a_row_that_is_called_off_while_it_is_claimed_is_nobodys(later: Later) -> None:
    row, wanted = errand(), Errand.objects.filter(note="")

    def called_off(execute: Any, sql: str, *arguments: Any) -> Any:
        result = execute(sql, *arguments)
        if "claimed_until" in sql and sql.startswith("UPDATE"):
            Errand.objects.update(note="called off")
        return result

    with connection.execute_wrapper(called_off):
        assert claim(wanted, row.pk) is None
    assert fresh(row).note == "called off"
    later(Errand.claim_lasts)
    assert claim(wanted, row.pk) is None
    assert take(row)  # for whoever calls it off at the other side


def test_what_is_handed_out_is_not_handed_out_again_before_a_claim_would_have_ended(later: Later) -> None:
    rows = [errand() for _ in range(3)]
    assert set(hand_out(Errand.objects.all())) == {row.pk for row in rows}
    assert hand_out(Errand.objects.all()) == []
    assert take(rows[0], early=True)
    later(Errand.claim_lasts)
    assert set(hand_out(Errand.objects.all(), limit=2)) < {row.pk for row in rows}
    assert len(hand_out(Errand.objects.all())) == 1


def test_a_worker_that_holds_the_rows_lock_and_renews_its_claim_is_not_overtaken(later: Later) -> None:
    row = errand()
    slow = take(row)
    assert slow is not None
    later(Errand.claim_lasts)

    def overtake() -> Errand | None:
        try:
            return take(row)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            held = Errand.objects.select_for_update().get(pk=row.pk, claimed_until=slow.claimed_until)
            other = threads.submit(overtake)
            held.save(update_fields=held.renew())
        assert other.result(timeout=60) is None
    assert done(held)


@pytest.mark.parametrize("attempts", [1, 2, 5, 9, 10, 200])
def test_pauses_double_up_to_six_hours_and_are_never_the_same(attempts: int) -> None:
    shortest = min(timedelta(minutes=2 ** min(attempts - 1, 9)), timedelta(hours=6))
    pauses = {backoff.delay(attempts) for _ in range(50)}
    assert len(pauses) > 1
    assert all(shortest <= pause <= shortest * 5 / 4 for pause in pauses)
