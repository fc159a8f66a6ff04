"""When periodic tasks run, in words and on the operators' clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cron_descriptor import FormatException, MissingFieldException, Options, get_description
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import zone_label

EVERY = "*"
MOST_HOURS = 4  # are named one by one
HALF_A_MINUTE = timedelta(seconds=30)


def next_run(job: PeriodicTask) -> datetime | None:
    """When the job is due next; None for one that is switched off, or that waits for nothing."""
    if not job.enabled or job.scheduler is None:
        return None
    now = clock.now()
    return max(_due_after(job.scheduler, job.last_run_at or now), now)


def words_of(job: PeriodicTask, zone: ZoneInfo) -> str:
    """`Every minute`, `Every day at 07:30 IST`, `On day 1 of each month at 07:30 IST`."""
    if job.interval is not None:
        return interval_words(job.interval)
    if job.crontab is not None:
        return crontab_words(job.crontab, zone)
    return str(job.scheduler)


def interval_words(interval: IntervalSchedule) -> str:
    if interval.period == IntervalSchedule.SECONDS and interval.every % 60 == 0:
        minutes = interval.every // 60
        return "Every minute" if minutes == 1 else f"Every {minutes} minutes"
    one = interval.get_period_display().lower().removesuffix("s")
    return f"Every {one}" if interval.every == 1 else f"Every {interval.every} {one}s"


def crontab_words(crontab: CrontabSchedule, zone: ZoneInfo) -> str:
    """On the clock of `zone` where that can be said; else as its own has it: `At 06:05, only on Monday (UTC)`."""
    if said := _on_the_clock(crontab, zone):
        return said
    fields = (crontab.minute, crontab.hour, crontab.day_of_month, crontab.month_of_year, crontab.day_of_week)
    options = Options()
    options.use_24hour_time_format = True
    try:
        return f"{get_description(' '.join(fields), options)} ({crontab.timezone})"
    except (FormatException, MissingFieldException):
        return str(crontab)


def _on_the_clock(crontab: CrontabSchedule, zone: ZoneInfo) -> str:
    """For a few times of every day, or one time on a day of the month: said of the next run, since zones differ by
    days."""
    hours = sorted(crontab.schedule.hour)
    if not crontab.minute.isdigit() or (crontab.month_of_year, crontab.day_of_week) != (EVERY, EVERY):
        return ""
    if 1 < len(hours) <= MOST_HOURS and crontab.day_of_month == EVERY:
        return f"Every day at {_and(_at(crontab, hour, zone) for hour in hours)}"
    if len(hours) != 1:
        return ""
    due = _due_after(crontab, clock.now()).astimezone(zone)
    at = f"at {due:%H:%M} {zone_label(due, zone)}"
    if crontab.day_of_month == EVERY:
        return f"Every day {at}"
    return f"On day {due.day} of each month {at}" if crontab.day_of_month.isdigit() else ""


def _at(crontab: CrontabSchedule, hour: int, zone: ZoneInfo) -> str:
    today = clock.now().astimezone(crontab.timezone)
    at = today.replace(hour=hour, minute=int(crontab.minute)).astimezone(zone)
    return f"{at:%H:%M} {zone_label(at, zone)}"


def _and(times: Iterable[str]) -> str:
    *first, last = times
    return f"{', '.join(first)} and {last}"


def first_due(job: PeriodicTask, after: datetime) -> datetime | None:
    """The first moment after another at which the job is due; None for one without a schedule."""
    scheduler = job.interval or job.crontab
    if scheduler is None:
        return None
    if isinstance(scheduler, IntervalSchedule):
        due: datetime = after + scheduler.schedule.run_every
        return due
    last, until, _now = scheduler.schedule.remaining_delta(after)
    due = last + until
    return due


def _due_after(scheduler: CrontabSchedule | IntervalSchedule, last: datetime) -> datetime:
    """Celery tells how long it is from its own now, which is a little later than ours: a crontab's runs are rounded to
    the minute on which they fall."""
    due: datetime = clock.now() + scheduler.schedule.remaining_estimate(last)
    return due if isinstance(scheduler, IntervalSchedule) else (due + HALF_A_MINUTE).replace(second=0, microsecond=0)
