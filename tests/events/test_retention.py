"""An old hot-log day is dropped when it is settled and verified; otherwise it is retained with the reason."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from billing_platform.celery import app
from billing_platform.lib import clock
from billing_platform.periodic_jobs import PERIODIC_JOBS
from events import tasks
from events.models import DeadLetter, EventBatch, HotLogDay, Metric
from events.selectors.backlog import hot_log_days_retained
from events.selectors.status import event_status
from events.services import dead_letters, partitions
from events.services.partitions import ensure_partitions, partition_exists, partition_of
from events.services.proof import retention, verifying
from events.services.proof.retention import DayOutcome, drop_old_partitions
from events.services.proof.verifying import verify_day
from organisations.models import Organisation, Project
from tests.events.language import batch_of, counted, event, now, send, settle, total
from tests.events.test_concurrency import _same_server, at_once

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _only_partitions_of_today() -> Any:
    """What a transactional test drops or makes stays so: begin and end with what a migration makes."""
    _drop_days_before_today()
    yield
    _drop_days_before_today()
    ensure_partitions()


def _drop_days_before_today() -> None:
    for partition in partitions.list_partitions():
        if partition.day and partition.day < now().date():
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE {partition.name}")


@pytest.fixture
def old() -> datetime:
    """Noon of a day whose time has come since midnight: all of it is older than 7 days."""
    return (now() - timedelta(days=8)).replace(hour=12, minute=0, second=0, microsecond=0)


def verified(moment: datetime) -> date:
    day = moment.date()
    assert verify_day(day=day).is_verified
    return day


def record_of(day: date) -> HotLogDay:
    return HotLogDay.objects.get(day=day)


def is_there(day: date) -> bool:
    return partition_exists(partition_of(day))


def only(outcomes: list[DayOutcome]) -> DayOutcome:
    (outcome,) = outcomes
    return outcome


def test_a_verified_day_is_dropped_when_its_time_has_come(project: Project, old: datetime) -> None:
    send(project, event("a"), event("a"), at=old)
    send(project, event("b"), at=old)
    younger = old + timedelta(days=1)
    send(project, event("c"), at=younger)
    settle()
    day, kept = verified(old), verified(younger)
    outcome = only(drop_old_partitions())
    assert (outcome.day, outcome.batches, outcome.retained_because) == (day, 2, "")
    assert outcome.bytes > 0
    assert (is_there(day), is_there(kept)) == (False, True)
    record = record_of(day)
    assert record.state == "dropped"
    assert (record.dropped_batches, record.dropped_counted, record.dropped_bytes) == (2, 2, outcome.bytes)
    assert (record.events, record.counted, record.duplicates) == (3, 2, 1)
    assert EventBatch.objects.count() == 1
    with clock.standing_at(clock.now() + timedelta(days=1)):
        assert only(drop_old_partitions()).day == kept


def test_the_retention_is_a_setting(project: Project, old: datetime, settings: Any) -> None:
    send(project, event("a"), at=old)
    settle()
    verified(old)
    settings.EVENTS_HOT_RETENTION_DAYS = 8
    assert drop_old_partitions() == []
    settings.EVENTS_HOT_RETENTION_DAYS = -3  # never today's, nor what is made ahead
    assert only(drop_old_partitions()).day == old.date()
    assert is_there(now().date())


def test_what_was_dropped_is_still_counted_once_and_known(acme: Organisation, project: Project, old: datetime) -> None:
    send(project, event("a", "5"), at=old)
    settle()
    verified(old)
    drop_old_partitions()
    again = send(project, event("a", "5"))
    settle()
    assert (batch_of(again).counted, batch_of(again).duplicates) == (0, 1)
    assert total(acme) == 5
    status = event_status(project=project, event_id="a")
    assert status is not None
    assert (status.status, status.received_at) == ("counted", old)


@pytest.mark.parametrize("status", ["pending", "quarantined"])
def test_a_day_with_an_unsettled_batch_is_not_dropped_and_says_why(
    project: Project, old: datetime, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    send(project, event("a"), at=old)
    settle()
    day = verified(old)
    waiting = send(project, event("b"), at=old)
    EventBatch.objects.filter(pk=waiting.batch_id).update(status=status)
    with caplog.at_level(logging.WARNING):
        outcome = only(drop_old_partitions())
    assert (outcome.retained_because, outcome.batches) == ("1 batch is not settled.", 2)
    assert record_of(day).retained_because == "1 batch is not settled."
    (told,) = [record for record in caplog.records if record.message == "hot log day not dropped"]
    assert (told.levelname, told.day, told.reason) == ("WARNING", str(day), "1 batch is not settled.")  # type: ignore[attr-defined]
    assert is_there(day)
    assert hot_log_days_retained() == 1


def test_a_day_that_was_not_verified_is_retained(project: Project, old: datetime) -> None:
    send(project, event("a"), at=old)
    settle()
    assert only(drop_old_partitions()).retained_because == "It has not been verified yet."
    verified(old)
    assert only(drop_old_partitions()).retained_because == ""
    assert (record_of(old.date()).retained_because, hot_log_days_retained()) == ("", 0)


def test_a_day_that_differs_from_the_ledger_is_retained(project: Project, old: datetime) -> None:
    accepted = send(project, event("a"), event("b"), at=old)
    settle()
    EventBatch.objects.filter(pk=accepted.batch_id).update(counted=1, duplicates=1)
    assert not verify_day(day=old.date()).is_verified
    assert only(drop_old_partitions()).retained_because == "The check found 1 discrepancy."


def test_a_day_that_grew_after_it_was_verified_is_retained(project: Project, old: datetime) -> None:
    send(project, event("a"), at=old)
    settle()
    verified(old)
    send(project, event("b"), at=old)
    settle()
    assert only(drop_old_partitions()).retained_because == "1 of its batches came after it was verified."
    verified(old)
    assert only(drop_old_partitions()).retained_because == ""


def test_a_retained_day_does_not_stop_other_days(project: Project, old: datetime) -> None:
    send(project, event("a"), at=old - timedelta(days=1))
    send(project, event("b"), at=old)
    settle()
    verified(old)
    assert [outcome.retained_because for outcome in drop_old_partitions()] == ["It has not been verified yet.", ""]


def test_a_dry_run_prints_the_same_and_changes_nothing(project: Project, old: datetime) -> None:
    send(project, event("a"), at=old)
    send(project, event("b"), at=old - timedelta(days=1))
    settle()
    day = verified(old)
    planned = drop_old_partitions(dry_run=True)
    assert [outcome.retained_because for outcome in planned] == ["It has not been verified yet.", ""]
    assert is_there(day)
    assert hot_log_days_retained() == 0
    assert drop_old_partitions() == planned


def test_a_replay_into_a_dropped_day_is_verified_and_dropped_again(
    acme: Organisation, project: Project, old: datetime
) -> None:
    """Its batch is received when the dead letter was first: the day's partition is made again, that day's alone."""
    send(project, event("a"), event("b"), at=old)
    settle()
    day = verified(old)
    drop_old_partitions()
    replay = send(project, event("c"), event("a"), at=old + timedelta(hours=1))
    assert is_there(day)
    assert not is_there(day + timedelta(days=1))
    settle()
    assert (batch_of(replay).counted, batch_of(replay).duplicates) == (1, 1)
    assert only(drop_old_partitions()).retained_because == "It has not been verified yet."
    assert only(drop_old_partitions()).retained_because == "It has not been verified yet."
    verified(old)
    assert (record_of(day).batches, record_of(day).dropped_at) == (1, None)
    assert only(drop_old_partitions()).retained_because == ""
    record = record_of(day)
    assert (record.state, record.dropped_batches, record.dropped_counted) == ("dropped", 2, 3)
    assert counted(acme) == ["a", "b", "c"]


def test_a_dead_letter_of_a_dropped_day_can_be_replayed(acme: Organisation, project: Project, old: datetime) -> None:
    acme.strict_metrics = True
    acme.save()
    send(project, event("a"), at=old)
    settle()
    day = verified(old)
    drop_old_partitions()
    assert not is_there(day)
    Metric.objects.create(organisation=acme, name="api_calls", unit="call")
    dead_letters.replay_one(letter_id=DeadLetter.objects.get().pk, by="tests")
    settle()
    assert EventBatch.objects.get().received_at == old
    verified(old)
    assert only(drop_old_partitions()).retained_because == ""
    assert (counted(acme), record_of(day).dropped_batches) == (["a"], 2)


def test_an_entry_of_a_dropped_batch_that_disappears_is_noticed_with_the_replay(
    project: Project, old: datetime
) -> None:
    send(project, event("a"), event("b"), at=old)
    settle()
    day = verified(old)
    drop_old_partitions()
    send(project, event("c"), at=old)
    settle()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_usageevent DISABLE TRIGGER append_only")
        cursor.execute("DELETE FROM events_usageevent WHERE event_id = 'b'")
        cursor.execute("ALTER TABLE events_usageevent ENABLE TRIGGER append_only")
    (finding,) = verify_day(day=day).findings
    assert (finding.kind, finding.expected) == ("DAY_COUNTS", "2 entries of dropped batches")
    assert finding.found == "1 entries without batch"


def test_two_droppers_at_once_drop_each_day_once(project: Project, old: datetime) -> None:
    days = [old - timedelta(days=back) for back in range(3)]
    for number, moment in enumerate(days):
        send(project, event(str(number)), at=moment)
    settle()
    for moment in days:
        verified(moment)
    reports = at_once(drop_old_partitions, drop_old_partitions, drop_old_partitions)
    dropped = [outcome.day for report in reports for outcome in report if not outcome.retained_because]
    assert sorted(dropped) == sorted(moment.date() for moment in days)
    assert [outcome for report in reports for outcome in report if outcome.retained_because] == []
    assert [record.dropped_batches for record in HotLogDay.objects.all()] == [1, 1, 1]


def test_two_checks_at_once_agree(project: Project, old: datetime) -> None:
    send(project, *[event(str(number)) for number in range(50)], at=old)
    settle()
    reports = at_once(*[lambda: verify_day(day=old.date())] * 3)
    assert [report.reason for report in reports] == ["", "", ""]
    assert HotLogDay.objects.count() == 1


def test_a_check_that_ends_after_the_drop_changes_nothing(
    project: Project, old: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(project, event("a"), at=old)
    settle()
    day = verified(old)
    compare = verifying.compare
    monkeypatch.setattr(verifying, "compare", lambda chunk: at_once(drop_old_partitions) and compare(chunk))
    with pytest.raises(verifying.NotFound):
        verify_day(day=day)
    assert (record_of(day).state, record_of(day).dropped_batches) == ("dropped", 1)


def test_a_replay_that_arrives_during_the_check_keeps_the_day(
    acme: Organisation, project: Project, old: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the partition and holds the hot log, which dropping needs: dropping gives up, and looks again."""
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0.1)
    send(project, event("a"), at=old)
    settle()
    day = verified(old)
    why, seen = retention._why_retained, []
    arrival = threading.Thread(target=_arrive, args=(project, old))

    def looked(*args: Any) -> str:
        seen.append(why(*args))
        if len(seen) == 1:
            arrival.start()  # nothing spoke against it, and now something arrives
            time.sleep(0.3)
        return seen[-1]

    monkeypatch.setattr(retention, "_why_retained", looked)
    outcome = only(drop_old_partitions())
    arrival.join()
    assert (seen[0], outcome.retained_because) == ("", "1 batch is not settled.")
    assert (is_there(day), settle().counted, counted(acme)) == (True, 1, ["a", "b"])


def _arrive(project: Project, moment: datetime) -> None:
    """Straight into the old day, as a replay does."""
    try:
        EventBatch.objects.create(
            organisation=project.organisation, project=project, event_count=1, received_at=moment,
            packed_events=b'[["b","api_calls","call","1",null,null]]',
        )  # fmt: skip
    finally:
        connections.close_all()


def test_a_hot_log_that_is_in_use_is_left_alone(
    project: Project, old: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "TRIES", 2)
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0.01)
    send(project, event("a"), at=old)
    settle()
    day = verified(old)
    connection.set_autocommit(False)
    try:
        EventBatch.objects.first()  # a long report, or a backup
        started = time.monotonic()
        (outcomes,) = at_once(drop_old_partitions)
        assert time.monotonic() - started < 5
    finally:
        connection.rollback()
        connection.set_autocommit(True)
    assert only(outcomes).retained_because == "The hot log was in use: the lock was not granted in time."
    assert only(drop_old_partitions()).retained_because == ""
    assert not is_there(day)


def test_accepting_and_settling_go_on_while_days_are_dropped(
    acme: Organisation, project: Project, old: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0.05)
    days = [old - timedelta(days=back) for back in range(5)]
    for number, moment in enumerate(days):
        send(project, event(f"old {number}"), at=moment)
    settle()
    for moment in days:
        verified(moment)
    done = threading.Event()
    slowest, sent = [0.0, 0.0], [0, 0]

    def accept(worker: int) -> None:
        while not done.is_set():
            started = time.monotonic()
            send(project, event(f"{worker} {sent[worker]}"))
            slowest[worker] = max(slowest[worker], time.monotonic() - started)
            sent[worker] += 1

    def drop() -> list[DayOutcome]:
        try:
            time.sleep(0.3)
            return drop_old_partitions()
        finally:
            done.set()

    def settle_on() -> None:
        while not done.is_set():
            settle()

    outcomes = at_once(drop, lambda: accept(0), lambda: accept(1), settle_on)[0]
    assert [outcome.retained_because for outcome in outcomes] == [""] * 5
    assert max(slowest) < 5, "accepting waited for more than one try and its commit"
    settle()
    assert min(sent) > 10
    assert len(counted(acme)) == sum(sent) + 5


@pytest.mark.parametrize("where", ["before the check is noted", "after the partition is dropped"])
def test_killed_in_the_middle_nothing_has_happened(project: Project, old: datetime, where: str) -> None:
    send(project, event("a"), at=old)
    settle()
    is_check = where == "before the check is noted"
    day = old.date() if is_check else verified(old)
    before = HotLogDay.objects.values().first()
    worker = start_script(VERIFY if is_check else DROP, day.isoformat())
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"there\n"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert HotLogDay.objects.values().first() == before
    assert is_there(day)
    verified(old)
    assert only(drop_old_partitions()).retained_because == ""


PAUSE = """
import sys, django
django.setup()
from datetime import date
from events.services.proof import retention, verifying
def pause(*_args, **_kwargs):
    print("there", flush=True)
    sys.stdin.read()
"""
VERIFY = PAUSE + "verifying._note = pause; verifying.verify_day(day=date.fromisoformat(sys.argv[1]))"
DROP = (
    PAUSE
    + """
from django.db import connection
def wrapper(execute, statement, *rest):
    execute(statement, *rest)
    if "DROP TABLE" in str(statement):
        pause()  # dropped, and not committed
with connection.execute_wrapper(wrapper):
    retention.drop_old_partitions()
"""
)


def start_script(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A process of its own on the database of the test."""
    url = "postgresql://{USER}:{PASSWORD}@/{NAME}".format(**connection.settings_dict)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": _same_server(os.environ.get("DATABASE_URL", url), connection.settings_dict["NAME"]),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def test_the_jobs_verify_and_drop(project: Project, old: datetime) -> None:
    send(project, event("a"), at=old)
    send(project, event("b"), at=now() - timedelta(days=1))
    settle()
    assert [verify_each(day) for day in tasks.verify_hot_log.run()] == ["", ""]
    assert tasks.verify_hot_log.run() == []
    assert tasks.drop_old_partitions.run() == {str(old.date()): ""}
    assert record_of(old.date()).checked_by == "schedule"


def verify_each(day: str) -> str:
    return str(tasks.verify_hot_log_day.run(day))


def test_the_command_shows_and_does_it_all(project: Project, old: datetime) -> None:
    send(project, event("a"), at=old)
    send(project, event("b"), at=old - timedelta(days=1))
    settle()
    waiting = send(project, event("c"), at=old - timedelta(days=1))

    def run(*arguments: str) -> list[str]:
        out = StringIO()
        call_command("partitions", *arguments, stdout=out)
        return out.getvalue().splitlines()

    def line(lines: list[str], day: date) -> str:
        return next(text for text in lines if text.startswith(partition_of(day)))

    shown = run()
    assert line(shown, old.date()).endswith("retained: It has not been verified yet.")
    assert "1 batch is not settled." in line(shown, old.date() - timedelta(days=1))
    assert run("--verify")[:2] == [
        f"{old.date() - timedelta(days=1)} not verified: 1 batch is not settled.",
        f"{old.date()} verified",
    ]
    assert run("--drop", "--dry-run")[1].startswith(f"would drop {old.date()}: 1 rows, ")
    assert is_there(old.date())
    lines = run("--drop")
    assert lines[0] == f"retained {old.date() - timedelta(days=1)}: 1 batch is not settled."
    assert lines[1].startswith(f"dropped {old.date()}: 1 rows, ")
    assert not [text for text in lines[2:] if text.startswith(partition_of(old.date()))]
    assert batch_of(waiting).status == "pending"


def test_the_schedule_verifies_before_it_drops() -> None:
    (verify,) = (timing for task, timing in PERIODIC_JOBS.values() if task == "events.tasks.verify_hot_log")
    (drop,) = (timing for task, timing in PERIODIC_JOBS.values() if task == "events.tasks.drop_old_partitions")
    assert (verify.hour, drop.hour) == ({2}, {3})  # type: ignore[union-attr]
    assert app.conf.timezone in (None, "UTC")


def test_the_day_of_a_partition_is_a_utc_day(old: datetime) -> None:
    ensure_partitions(at=old.replace(hour=23, minute=59, tzinfo=UTC))
    assert is_there(old.date())
    assert not is_there(old.date() + timedelta(days=1))
