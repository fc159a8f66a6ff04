"""How each periodic job fared on each of the last days. A day on which it should have run and did not is late, not
failed: a job that is killed, or that nobody starts, says nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from django_celery_beat.models import PeriodicTask

from billing_platform.backoffice.job_times import first_due
from billing_platform.lib import clock
from billing_platform.lib.work.tasks import LastRun
from billing_platform.periodic_jobs import PERIODIC_JOBS
from organisations.models import JobDay
from organisations.services.job_days import DAYS_SHOWN, note_run

LATE_AFTER = timedelta(minutes=45)
"""A job is stopped after half an hour, and is noted when it has ended."""
A_MOMENT = timedelta(microseconds=1)
NOTED = frozenset(task for task, _timing in PERIODIC_JOBS.values())


class Standing(StrEnum):
    RAN = "Ran"
    FAILED = "Failed"
    LATE = "Late: due, and did not run"
    NOT_DUE = "Not due"
    BEFORE = "Not noted yet"


@dataclass(frozen=True, slots=True)
class Square:
    """`noted` is what was noted of the day, if the job ran on it."""

    day: date
    standing: Standing
    noted: JobDay | None = None


@dataclass(frozen=True, slots=True)
class DaysOfJob:
    job: PeriodicTask
    squares: tuple[Square, ...]

    @property
    def failed(self) -> int:
        """Days."""
        return sum(square.standing == Standing.FAILED for square in self.squares)

    @property
    def late(self) -> int:
        return sum(square.standing == Standing.LATE for square in self.squares)

    @property
    def trouble(self) -> list[JobDay]:
        """The days on which it failed, the newest first."""
        return [each.noted for each in reversed(self.squares) if each.noted is not None and each.noted.failed]


def note(task: str, run: LastRun) -> None:
    """What a worker tells of each task that ended. Only periodic jobs have squares."""
    if task in NOTED:
        note_run(task=task, at=run.at, seconds=run.seconds, failed=run.outcome != "ok", problem=run.problem)


def days_of(jobs: Iterable[PeriodicTask]) -> list[DaysOfJob]:
    """The last 30 days in UTC up to today, the oldest first. One query."""
    now = clock.now()
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    jobs = list(jobs)
    noted: defaultdict[str, dict[date, JobDay]] = defaultdict(dict)
    for row in JobDay.objects.filter(task__in={job.task for job in jobs}, day__gte=days[0]):
        noted[row.task][row.day] = row
    return [DaysOfJob(job, tuple(_squares(job, noted[job.task], days, now))) for job in jobs]


def _squares(job: PeriodicTask, noted: Mapping[date, JobDay], days: Sequence[date], now: datetime) -> Iterable[Square]:
    """Nothing is late before the job was first noted; of one that never was, before it was made or last changed."""
    begun = min(noted) if noted else job.date_changed.astimezone(UTC).date()
    previous: datetime | None = None if noted else job.date_changed
    for day in days:
        row = noted.get(day)
        yield Square(day, _standing(job, row, day, begun, now, previous), row)
        previous = row.last_run_at if row else previous


def _standing(
    job: PeriodicTask, row: JobDay | None, day: date, begun: date, now: datetime, previous: datetime | None
) -> Standing:
    if row is not None and row.failed:
        return Standing.FAILED
    if day < begun:
        return Standing.BEFORE
    if job.enabled and _is_late(job, row, day, now, previous):
        return Standing.LATE
    return Standing.RAN if row is not None else Standing.NOT_DUE


def _is_late(job: PeriodicTask, row: JobDay | None, day: date, now: datetime, previous: datetime | None) -> bool:
    """Whether it was due on the day and has not run since; today also if it ran, and should have again by now."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    after = start + timedelta(days=1)
    if row is not None and after <= now:
        return False
    since = row.last_run_at if row else (previous or start - A_MOMENT)
    due = first_due(job, max(since, start - A_MOMENT))
    return due is not None and due < after and due + LATE_AFTER < now
