"""The last 30 days of periodic jobs as squares: of all jobs on one page, of one on its own."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask

from billing_platform.backoffice.job_days import NOTED, DaysOfJob, Square, Standing, days_of
from billing_platform.backoffice.job_times import words_of
from billing_platform.lib.admin import squares as looks
from billing_platform.lib.admin.base import when
from billing_platform.lib.admin.display import EMPTY, admin_url, figure
from billing_platform.lib.dates_in_words import day_text
from organisations.operators_clock import operators_zone

LOOKS = {
    Standing.RAN: looks.AGREES,
    Standing.FAILED: looks.FAILED,
    Standing.LATE: looks.OVERDUE,
    Standing.NOT_DUE: looks.NOTHING,
    Standing.BEFORE: looks.NOTHING,
}
LEGEND = {
    Standing.RAN.value: looks.AGREES,
    Standing.FAILED.value: looks.FAILED,
    Standing.LATE.value: looks.OVERDUE,
    "Not due, or not noted yet": looks.NOTHING,
}


def rows() -> list[dict[str, Any]]:
    """Of every job, for the page of all: those with trouble first."""
    jobs = PeriodicTask.objects.select_related("interval", "crontab", "solar", "clocked").order_by("name")
    zone = operators_zone()
    found = sorted(days_of(jobs.filter(task__in=NOTED)), key=lambda each: not _wrong(each))
    return [
        {
            "title": each.job.name,
            "url": admin_url(each.job),
            "timing": words_of(each.job, zone),
            "is_off": not each.job.enabled,
            "data": _tracked(each),
            "wrong": _wrong(each),
        }
        for each in found
    ]


def legend() -> list[dict[str, str]]:
    return [{"says": says, "looks": shown} for says, shown in LEGEND.items()]


def of_job(job: PeriodicTask) -> SafeString | str:
    """The squares of one job, and why it failed on which day."""
    if job.task not in NOTED:
        return EMPTY
    (days,) = days_of([job])
    said = format_html_join(
        "",
        '<tr><td>{}</td><td class="number">{}</td><td>{}</td><td>{}</td></tr>',
        (
            (
                day_text(each.day),
                f"{figure(each.failed)} of {figure(each.ran)}",
                when(each.last_failed_at),
                each.last_problem,
            )
            for each in days.trouble
        ),
    )
    table = (
        format_html(
            '<div class="facts-scroll"><table class="facts entries"><thead><tr><th>Day (UTC)</th>'
            '<th class="number">Failed</th><th>Last at</th><th>Why, the last time</th></tr></thead>{}</table></div>',
            said,
        )
        if said
        else ""
    )
    return format_html("{}{}", looks.drawn(_tracked(days), LEGEND), table)


def _wrong(each: DaysOfJob) -> str:
    counts = [(each.failed, "failed"), (each.late, "late")]
    return ", ".join(f"{count} day{'s' if count > 1 else ''} {what}" for count, what in counts if count)


def _tracked(each: DaysOfJob) -> list[looks.Tracked]:
    """What ran leads nowhere; trouble leads to the job's page, which has the reason."""
    url = admin_url(each.job)
    return [
        looks.Tracked(
            tooltip=f"{day_text(square.day)}: {_told(square)}",
            color=LOOKS[square.standing],
            href=url if square.standing in (Standing.FAILED, Standing.LATE) else "",
        )
        for square in each.squares
    ]


def _told(square: Square) -> str:
    row = square.noted
    if row is None:
        return str(square.standing.value)
    times = f"{figure(row.ran)} time{'s' if row.ran != 1 else ''}, the longest {_seconds(row.longest_ms)}"
    if row.failed:
        return f"Failed {figure(row.failed)} of {times}"
    return f"{square.standing.value} again; ran {times}" if square.standing == Standing.LATE else f"Ran {times}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds // 1000} s"
