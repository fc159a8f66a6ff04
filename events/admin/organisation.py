"""Adds the usage and the alerts to the page of a customer, and the usage to that of a project."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from billing_platform.lib.admin.base import Extension, extends
from billing_platform.lib.admin.charts.bars import Bar, bars_chart
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.tabs import OVERVIEW, Panel, Tab
from billing_platform.lib.number_formats import format_events
from events.models import Alert, AlertRule, UsageAggregate, UsageEvent
from events.usage import recent
from organisations.models import Organisation, Project

SPANS = (30, 90)
MOST_METRICS = 8


@extends(Organisation)
class UsageOfOrganisation(Extension):
    related_lists = ((UsageAggregate, "organisation"),)
    tabs = (
        Tab(
            "alerts",
            "Alerts",
            "events.view_alertrule",
            60,
            lists=((Alert, "organisation__id__exact"), (AlertRule, "organisation__id__exact")),
        ),
    )

    def panels(self, request: HttpRequest, obj: Organisation, tab: str) -> Iterator[Panel]:
        user: Any = request.user
        if tab != OVERVIEW or not user.has_perm("events.view_usageaggregate", obj):
            return
        href = list_address(UsageAggregate, organisation=str(obj.pk))
        for days in SPANS:
            rows = [row for row in recent.events_by_metric_of(obj, days=days) if row.events]
            bars = [Bar(f"{row.name} ({row.unit})", format_events(row.events), Decimal(row.events)) for row in rows]
            title = f"Usage by metric, last {days} days"
            more = f"{MOST_METRICS} of {len(bars)} metrics" if len(bars) > MOST_METRICS else ""
            yield Panel(
                title, bars_chart(title, bars[:MOST_METRICS]) if bars else "No usage in these days.", href, more
            )


@extends(Project)
class UsageOfProject(Extension):
    related_lists = ((UsageAggregate, "project"), (UsageEvent, "project__id__exact"))
