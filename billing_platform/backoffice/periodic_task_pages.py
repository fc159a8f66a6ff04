"""Admin pages of third-party models: the periodic jobs, on our base. Autodiscovered with the root application."""

from __future__ import annotations

from typing import Any

import django_celery_beat.admin  # noqa: F401  (registers its own pages, which ours replace)
from auditlog.models import LogEntry
from celery import current_app
from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from kombu.utils.json import loads

from billing_platform import periodic_jobs
from billing_platform.backoffice import job_squares
from billing_platform.backoffice.job_times import crontab_words, interval_words, next_run, words_of
from billing_platform.lib.admin.base import ModelAdmin, badge, list_page, object_action, when
from billing_platform.lib.admin.display import EMPTY, figure
from billing_platform.lib.work.tasks import last_run
from organisations import audit
from organisations.operators_clock import operators_zone

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


OUTCOMES = {"ok": ("Done", "success"), "refused": ("Refused", "warning"), "error": ("Failed", "danger")}


class IntervalField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic to mypy only
    def label_from_instance(self, obj: Any) -> str:
        return interval_words(obj)


class CrontabField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic to mypy only
    def label_from_instance(self, obj: Any) -> str:
        return crontab_words(obj, operators_zone())


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ModelAdmin):
    """When jobs run may be changed here; which exist is written in billing_platform.periodic_jobs."""

    empty_hint = "Jobs are added when the platform is migrated."
    list_on_a_phone = ("name", "timing", "next", "result")
    list_display = ("name", "timing", "state", "next", "last", "result")
    list_filter = ("enabled",)
    search_fields = ("name", "task")
    list_select_related = ("interval", "crontab", "solar", "clocked")
    fieldsets = (
        (None, {"fields": ("name", "enabled", "description")}),
        ("When", {"fields": ("timing", "interval", "crontab", "next")}),
        ("Last time", {"fields": ("last", "result", "problem", "runs")}),
        ("Last 30 days", {"fields": ("days",)}),
        ("In the code", {"fields": ("task", "args", "kwargs"), "classes": ("collapse",)}),
    )
    readonly_fields = ("name", "task", "args", "kwargs", "timing", "next", "last", "result", "problem", "runs", "days")

    def name_of(self, obj: PeriodicTask) -> str:
        return str(obj.name)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """In words of ours: the fields' own are about None and False."""
        shown = {
            "enabled": {"label": "On", "help_text": "A task that is off does not run by itself; Run now still works."},
            "description": {"help_text": "A note for the next operator, such as why the time was changed."},
            "interval": {
                "label": "Every",
                "help_text": "Or leave this empty, and choose a time of the calendar below.",
            },
            "crontab": {"label": "At", "help_text": "Or leave this empty, and choose an interval above."},
        }
        kinds = {"interval": IntervalField, "crontab": CrontabField}
        if db_field.name in kinds:
            kwargs["form_class"] = kinds[db_field.name]
        return super().formfield_for_dbfield(db_field, request, **kwargs, **shown.get(db_field.name, {}))

    def save_model(self, request: HttpRequest, obj: PeriodicTask, form: Any, change: bool) -> None:
        periodic_jobs.change_job(job=obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @list_page(label="Last 30 days", permission="django_celery_beat.view_periodictask", icon="calendar_view_month")
    def last_days(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Last 30 days",
            "jobs": job_squares.rows(),
            "legend": job_squares.legend(),
        }
        return TemplateResponse(request, "admin/job_days.html", context)

    @object_action(
        label="Run now",
        permission="django_celery_beat.change_periodictask",
        confirm="A worker runs the job once, now; its schedule stays as it is. Every job may safely run twice.",
        icon="play_arrow",
    )
    def run_now(self, request: HttpRequest, job: PeriodicTask) -> str:
        audit.note(job, action=LogEntry.Action.ACCESS, reason="Run now")
        current_app.send_task(job.task, args=loads(job.args), kwargs=loads(job.kwargs))
        return f"“{job.name}” was handed to a worker."

    @admin.display(description="Runs")
    def timing(self, job: PeriodicTask) -> str:
        return words_of(job, operators_zone())

    @admin.display(description="Next run")
    def next(self, job: PeriodicTask) -> Any:
        return when(next_run(job))

    @admin.display(description="Last run", ordering="last_run_at")
    def last(self, job: PeriodicTask) -> Any:
        run = last_run(job.task)
        return when(run.at if run else job.last_run_at)

    @admin.display(description="Last result")
    def result(self, job: PeriodicTask) -> Any:
        run = last_run(job.task)
        return badge(*OUTCOMES[run.outcome]) if run else EMPTY

    @admin.display(description="What went wrong")
    def problem(self, job: PeriodicTask) -> str:
        run = last_run(job.task)
        return (run.problem if run else "") or EMPTY

    @admin.display(description="Each day")
    def days(self, job: PeriodicTask) -> Any:
        return job_squares.of_job(job)

    @admin.display(description="Times run")
    def runs(self, job: PeriodicTask) -> str:
        return figure(job.total_run_count)

    @admin.display(description="State", ordering="enabled")
    def state(self, job: PeriodicTask) -> Any:
        return badge("On", "success") if job.enabled else badge("Off", "warning")


class TimingAdmin(ModelAdmin):
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        periodic_jobs.change_timing(timing=obj)


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(TimingAdmin):
    empty_hint = "Intervals come with the periodic tasks that use them."
    list_display = ("__str__", "every", "period")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(TimingAdmin):
    empty_hint = "Schedules come with the periodic tasks that use them."
    list_display = ("__str__", "minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone")
