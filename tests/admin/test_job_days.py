"""Each periodic job's last 30 days: ran, failed, late, not due and not noted yet, with the reason."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery import shared_task
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test.client import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from billing_platform.backoffice import job_days
from billing_platform.backoffice.job_days import Standing, days_of
from billing_platform.lib.errors import DomainError
from billing_platform.tasks import heartbeat
from organisations.models import JobDay
from organisations.services.job_days import note_run

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 15, 12, tzinfo=UTC)
PAGE = reverse("admin:django_celery_beat_periodictask_list_action", args=["last_days"])
HOURLY, DAILY, MONTHLY = "Forget stored API answers", "Drop old partitions", "Generate invoices (1st of the month)"


@shared_task
def goes_wrong(error: Any) -> None:
    raise error


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        PeriodicTask.objects.update(date_changed=NOON - timedelta(days=60))
        yield


def job(name: str) -> PeriodicTask:
    return PeriodicTask.objects.select_related("interval", "crontab").get(name=name)


def ran(name: str, day: int, hour: int = 11, *, failed: bool = False, problem: str = "") -> None:
    at = datetime(2026, 11, day, hour, tzinfo=UTC)
    note_run(task=job(name).task, at=at, seconds=2.5, failed=failed, problem=problem)


def standings(name: str, first: int) -> dict[int, Standing]:
    """From a day of November to the 15th."""
    (found,) = days_of([job(name)])
    assert len(found.squares) == 30
    return {each.day.day: each.standing for each in found.squares[first - 16 :]}


def test_a_day_adds_up_its_runs_and_keeps_the_last_reason() -> None:
    ran(HOURLY, 14, 9)
    ran(HOURLY, 14, 10, failed=True, problem="the disk is full")
    note_run(task=job(HOURLY).task, at=datetime(2026, 11, 14, 11, tzinfo=UTC), seconds=0.004, failed=False)
    row = JobDay.objects.get()
    assert (row.ran, row.failed, row.longest_ms, row.last_problem) == (3, 1, 2500, "the disk is full")
    assert (row.last_run_at.hour, row.last_failed_at and row.last_failed_at.hour) == (11, 10)


def test_a_day_that_was_due_without_a_run_is_late_and_not_failed() -> None:
    ran(DAILY, 11)
    ran(DAILY, 13, failed=True, problem="no")
    assert standings(DAILY, 10) == {
        10: Standing.BEFORE,
        11: Standing.RAN,
        12: Standing.LATE,
        13: Standing.FAILED,
        14: Standing.LATE,
        15: Standing.LATE,  # at 03:00, nine hours ago
    }


def test_what_is_not_due_is_not_late() -> None:
    ran(MONTHLY, 1)
    assert set(standings(MONTHLY, 2).values()) == {Standing.NOT_DUE}
    off = job(DAILY)
    off.enabled = False
    ran(DAILY, 13)
    (found,) = days_of([off])
    assert [each.standing for each in found.squares[-2:]] == [Standing.NOT_DUE, Standing.NOT_DUE]


@pytest.mark.parametrize(("minutes", "standing"), [(40, Standing.RAN), (47, Standing.LATE)])
def test_today_it_is_late_when_it_should_have_run_again(minutes: int, standing: Standing) -> None:
    """Once a minute; it may take half an hour."""
    note_run(task="events.tasks.settle_pending", at=NOON - timedelta(minutes=minutes), seconds=1, failed=False)
    assert standings("Settle events", 15) == {15: standing}


def test_a_job_that_never_ran_is_late_from_its_first_due_time_after_it_was_made() -> None:
    PeriodicTask.objects.filter(name=DAILY).update(date_changed=datetime(2026, 11, 13, 9, tzinfo=UTC))
    assert standings(DAILY, 12) == {
        12: Standing.BEFORE,
        13: Standing.NOT_DUE,  # due at 03:00, and made at 09:00
        14: Standing.LATE,
        15: Standing.LATE,
    }


def test_workers_note_periodic_jobs_and_no_other_task(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat.apply()
    heartbeat.apply()
    heartbeat()  # a function that somebody calls
    assert JobDay.objects.get().ran == 2
    goes_wrong.apply(args=[ValueError("no such file")])
    assert JobDay.objects.count() == 1
    monkeypatch.setattr(job_days, "NOTED", {goes_wrong.name})
    goes_wrong.apply(args=[ValueError("no such file\x00")])
    goes_wrong.apply(args=[DomainError("There is no key.")])
    row = JobDay.objects.get(task=goes_wrong.name)
    assert (row.ran, row.failed, row.last_problem) == (2, 2, "There is no key.")


def test_what_can_not_be_noted_does_not_fail_the_job(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(**_given: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(job_days, "note_run", away)
    with caplog.at_level(logging.ERROR):
        assert heartbeat.apply().state == "SUCCESS"
    assert "could not be noted" in caplog.text
    assert cache.get("heartbeat:beat")
    assert not JobDay.objects.exists()


def test_days_that_are_not_shown_any_more_are_forgotten() -> None:
    task = job(HOURLY).task
    for days in (40, 31, 30, 0):
        note_run(task=task, at=NOON - timedelta(days=days), seconds=0, failed=False)
    note_run(task="another", at=NOON - timedelta(days=40), seconds=0, failed=False)
    kept = JobDay.objects.filter(task=task).values_list("day", flat=True)
    assert [(NOON.date() - day).days for day in kept] == [30, 0]


def test_the_table_refuses_what_makes_no_sense() -> None:
    fields: dict[str, Any] = {"task": "job", "day": NOON.date(), "longest_ms": 1, "last_run_at": NOON}
    JobDay.objects.create(ran=1, failed=0, **fields)
    for wrong in ({"ran": 1, "failed": 0}, {"ran": 1, "failed": 1, "task": "other"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            JobDay.objects.create(**{**fields, **wrong})


def test_the_page_shows_every_job_those_with_trouble_first(as_admin: Client) -> None:
    for day in (13, 14, 15):
        ran(HOURLY, day)
    ran(HOURLY, 14, 10, failed=True, problem="<b>the disk</b> is full")
    page = as_admin.get(PAGE).content.decode()
    assert 'title="14 Nov 2026: Failed 1 of 2 times, the longest 2 s"' in page
    assert 'title="13 Nov 2026: Ran 1 time, the longest 2 s"' in page
    assert 'title="12 Nov 2026: Not noted yet"' in page
    assert "1 day failed" in page
    own = reverse("admin:django_celery_beat_periodictask_change", args=[job(HOURLY).pk])
    assert f'href="{own}" title="14 Nov 2026' in page
    shown = as_admin.get(own).content.decode()
    assert "&lt;b&gt;the disk&lt;/b&gt; is full" in shown
    assert "1 of 2" in shown


def test_all_jobs_are_asked_about_at_once(django_assert_num_queries: Any) -> None:
    ran(DAILY, 13)
    jobs = list(PeriodicTask.objects.select_related("interval", "crontab"))
    with django_assert_num_queries(1):
        assert len(days_of(jobs)) == len(jobs)


def test_operators_do_not_see_it(as_operator: Client) -> None:
    assert as_operator.get(PAGE).status_code == 403
