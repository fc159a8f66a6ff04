"""What the root adds to shared pages: the periodic tasks of django-celery-beat."""

from __future__ import annotations

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem

BACKOFFICE = Contribution(
    sidebar=(SidebarItem(Group.SYSTEM, PeriodicTask, "schedule"),),
    administers=("django_celery_beat",),
    also_watched=frozenset({PeriodicTask, IntervalSchedule, CrontabSchedule}),
    unlogged={PeriodicTask: ("last_run_at", "total_run_count", "date_changed")},
)
