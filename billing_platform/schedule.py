"""Writes the table of periodic jobs into django-celery-beat, once per job: the admin may change it afterwards."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab, schedule
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from billing_platform.celery import PERIODIC_JOBS


def install_periodic_jobs(**_: Any) -> None:
    """Add the jobs that beat doesn't know yet. An operator's change to a known one is left alone."""
    for name, (task, timing) in PERIODIC_JOBS.items():
        if not PeriodicTask.objects.filter(name=name).exists():
            PeriodicTask.objects.create(name=name, task=task, **_timing_fields(timing))


def _timing_fields(timing: crontab | schedule) -> dict[str, Any]:
    kind, name = (CrontabSchedule, "crontab") if isinstance(timing, crontab) else (IntervalSchedule, "interval")
    row = kind.from_schedule(timing)
    if row._state.adding:
        row.save()
    return {name: row}
