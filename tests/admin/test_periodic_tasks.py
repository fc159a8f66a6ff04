"""The page of a periodic task shows its schedule in words, its next run and the outcome of its last run."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test.client import Client
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from billing_platform.backoffice.job_times import next_run, words_of
from billing_platform.lib.work import tasks
from billing_platform.periodic_jobs import install_periodic_jobs
from billing_platform.tasks import heartbeat

KOLKATA = ZoneInfo("Asia/Kolkata")
LIST = reverse("admin:django_celery_beat_periodictask_changelist")


def at(minute: str, hour: str, day: str = "*", weekday: str = "*") -> PeriodicTask:
    crontab = CrontabSchedule(minute=minute, hour=hour, day_of_month=day, day_of_week=weekday, timezone="UTC")
    return PeriodicTask(name="Job", task="job", crontab=crontab)


def every(number: int, period: str) -> PeriodicTask:
    return PeriodicTask(name="Job", task="job", interval=IntervalSchedule(every=number, period=period))


@time_machine.travel(datetime(2026, 11, 15, 12, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("job", "words"),
    [
        (every(60, "seconds"), "Every minute"),
        (every(300, "seconds"), "Every 5 minutes"),
        (every(10, "seconds"), "Every 10 seconds"),
        (every(1, "hours"), "Every hour"),
        (at("0", "2"), "Every day at 07:30 IST"),  # 02:00 UTC and 5 h 30 min
        (at("0", "2", "1"), "On day 1 of each month at 07:30 IST"),
        (at("0", "20", "1"), "On day 2 of each month at 01:30 IST"),  # 20:00 UTC of the 1st is the 2nd in India
        (at("45", "*"), "At 45 minutes past the hour (UTC)"),
        (at("5", "6", weekday="1"), "At 06:05, only on Monday (UTC)"),
    ],
)
def test_a_schedule_is_told_in_words(job: PeriodicTask, words: str) -> None:
    assert words_of(job, KOLKATA) == words


@time_machine.travel(datetime(2026, 11, 15, 12, tzinfo=UTC), tick=False)
def test_the_next_run_is_an_instant_and_a_task_that_is_off_has_none() -> None:
    assert next_run(at("0", "2", "1")) == datetime(2026, 12, 1, 2, tzinfo=UTC)
    job = at("0", "2", "1")
    job.enabled = False
    assert next_run(job) is None


def test_the_list_shows_how_a_task_ended_last_time(as_admin: Client) -> None:
    install_periodic_jobs()
    heartbeat.apply()
    found = tasks.last_run(heartbeat.name)
    assert found is not None
    assert found.outcome == "ok"
    page = as_admin.get(LIST, {"q": "Heartbeat"}).content.decode()
    assert "Every 10 seconds" in page
    assert ">Done</span>" in page


def test_the_form_speaks_of_on_and_off_and_not_of_none_and_false(as_admin: Client) -> None:
    install_periodic_jobs()
    job = PeriodicTask.objects.get(name="Verify the hot log")
    page = as_admin.get(reverse("admin:django_celery_beat_periodictask_change", args=[job.pk])).content.decode()
    for unwanted in ("Set to False", "leave the others null", "(m/h/dM/MY/d)", "Reset to None"):
        assert unwanted not in page
    assert "Every day at 02:00 UTC" in page  # there is no seller here, whose zone it would be
    assert "Every hour, between day 1 and 3 of the month (UTC)</option>" in page
