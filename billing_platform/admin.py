"""Admin pages of third-party models: the periodic jobs, on our base. Autodiscovered with the root application."""

from __future__ import annotations

from typing import Any

import django_celery_beat.admin  # noqa: F401  (registers its own pages, which ours replace)
from auditlog.models import LogEntry
from celery import current_app
from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from kombu.utils.json import loads

from billing_platform.lib.admin import ModelAdmin, badge, object_action, short_time
from organisations import audit

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ModelAdmin):
    """When jobs run may be changed here; which exist is written in billing_platform.celery."""

    empty_hint = "Jobs are added when the platform is migrated."
    list_display = ("name", "timing", "state", "last_run", "total_run_count")
    list_filter = ("enabled",)
    search_fields = ("name", "task")
    list_select_related = ("interval", "crontab", "solar", "clocked")
    fieldsets = (
        (None, {"fields": ("name", "task", "enabled", "description")}),
        ("When", {"fields": ("interval", "crontab", "last_run_at", "total_run_count")}),
        ("With", {"fields": ("args", "kwargs")}),
    )
    readonly_fields = ("name", "task", "args", "kwargs", "last_run_at", "total_run_count")

    last_run = short_time("last_run_at", "Last run")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

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

    @admin.display(description="When")
    def timing(self, job: PeriodicTask) -> str:
        return str(job.scheduler)

    @admin.display(description="State", ordering="enabled")
    def state(self, job: PeriodicTask) -> Any:
        return badge("On", "success") if job.enabled else badge("Off", "warning")


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ModelAdmin):
    empty_hint = "Intervals come with the periodic tasks that use them."
    list_display = ("__str__", "every", "period")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(ModelAdmin):
    empty_hint = "Schedules come with the periodic tasks that use them."
    list_display = ("__str__", "minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone")
