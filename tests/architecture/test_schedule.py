"""The periodic jobs are in beat's tables after a migration, exist as tasks, and keep an operator's changes."""

from __future__ import annotations

import pytest
from django_celery_beat.models import PeriodicTask

from billing_platform.celery import app
from billing_platform.periodic_jobs import PERIODIC_JOBS, install_periodic_jobs

pytestmark = pytest.mark.django_db


def test_every_job_of_the_table_is_scheduled_after_a_migration() -> None:
    scheduled = dict(PeriodicTask.objects.values_list("name", "task"))
    assert {name: scheduled.get(name) for name in PERIODIC_JOBS} == {
        name: task for name, (task, _timing) in PERIODIC_JOBS.items()
    }


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    assert {task for task, _timing in PERIODIC_JOBS.values()} <= set(app.tasks)


def test_an_operators_change_survives_the_next_deployment() -> None:
    PeriodicTask.objects.filter(name="Heartbeat").update(enabled=False)
    install_periodic_jobs()
    assert not PeriodicTask.objects.get(name="Heartbeat").enabled
