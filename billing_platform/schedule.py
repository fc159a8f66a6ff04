"""When periodic jobs run: written into django-celery-beat once per job, and changed in the admin afterwards."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab, schedule
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from billing_platform.celery import PERIODIC_JOBS


def install_periodic_jobs(**_: Any) -> None:
    """Add the jobs that beat doesn't have yet. Changes by operators to existing jobs are kept."""
    for name, (task, timing) in PERIODIC_JOBS.items():
        if not PeriodicTask.objects.filter(name=name).exists():
            PeriodicTask.objects.create(name=name, task=task, **_timing_fields(timing))


@transaction.atomic
def change_job(*, job: PeriodicTask) -> None:
    """Store when a job runs, or that it is off. Beat reads it within seconds. Raises ValidationError."""
    job.full_clean()
    job.save()


@transaction.atomic
def change_timing(*, timing: IntervalSchedule | CrontabSchedule) -> None:
    """Store an interval or a time of the calendar; the jobs that use it follow. Raises ValidationError."""
    timing.full_clean()
    timing.save()


def _timing_fields(timing: crontab | schedule) -> dict[str, Any]:
    kind, name = (CrontabSchedule, "crontab") if isinstance(timing, crontab) else (IntervalSchedule, "interval")
    row = kind.from_schedule(timing)
    if row._state.adding:
        row.save()
    return {name: row}
