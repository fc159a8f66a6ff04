"""Note the runs of periodic jobs, one row for each job and day, and forget those that nobody is shown any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from billing_platform.lib.database.sql import query
from organisations.models.job_day import PROBLEM_LENGTH, JobDay

DAYS_SHOWN = 30
PATIENCE = "1s"
"""So long a run may wait to be noted. A worker has more to do than that."""

_NOTE = query(__file__, "note_job_run")


@transaction.atomic
def note_run(*, task: str, at: datetime, seconds: float, failed: bool, problem: str = "") -> None:
    """Count a run that ended at that moment. The first of a day forgets the job's days that are too old to be shown."""
    day = at.astimezone(UTC).date()
    values: dict[str, Any] = {
        "task": task,
        "day": day,
        "at": at,
        "failed": int(failed),
        "problem": problem[:PROBLEM_LENGTH].replace("\x00", "") if failed else "",
        "milliseconds": int(seconds * 1000),
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'; SET LOCAL statement_timeout = '{PATIENCE}'")
        cursor.execute(_NOTE, values)
        (is_first,) = cursor.fetchone()
    if is_first:
        JobDay.objects.filter(task=task, day__lt=day - timedelta(days=DAYS_SHOWN)).delete()
