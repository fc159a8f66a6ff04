"""Endpoints of analytics: usage and costs of an organisation, by day, week, month, project, metric and dimension."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib import clock
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.parameters import report_parameters
from events.models import UsageAggregate
from events.selectors.realtime import real_time
from events.usage.questions import Grain
from invoicing.api import analytics_answers as answers
from invoicing.api.parameters import (
    AnalyticsParameters,
    CostBreakdownParameters,
    RealTimeParameters,
    TrendParameters,
)
from invoicing.services.analytics import Asked, cost_breakdown, summary, trends
from organisations.api.base import AdminGenericView
from organisations.models import Organisation, Project

_Get = Callable[..., HttpResponseBase]


def _answers(serializer: Any) -> Callable[[_Get], _Get]:
    return extend_schema(
        filters=True,
        responses={(200, "application/json"): serializer, (200, "text/csv"): OpenApiTypes.STR},
        tags=["analytics"],
    )


class _Analytics(AdminGenericView):
    queryset = UsageAggregate.objects.none()
    filterset_class: Any = AnalyticsParameters
    permission_required = "invoicing.view_invoice"

    def about(self, organisation_id: UUID) -> tuple[Organisation, Project | None, dict[str, Any]]:
        """The organisation, the project that is asked for, and the other parameters."""
        organisation, asked = self.organisation(organisation_id), report_parameters(self)
        project = None
        if project_id := asked.get("project_id"):
            project = self.find(Project.objects.filter(organisation=organisation), pk=project_id)
        return organisation, project, asked

    def days(self, organisation_id: UUID) -> tuple[Asked, dict[str, Any], str]:
        """What is asked, the other parameters, and whether it is live or test usage."""
        organisation, project, given = self.about(organisation_id)
        today = clock.today(organisation.zone)
        first = given.get("start") or today.replace(day=1)
        after = given.get("end") or today + timedelta(days=1)
        mode = Project.Mode.LIVE if project is None else project.mode
        return Asked(organisation, first, after, project, given.get("metric_name", "")), given, mode


class AnalyticsSummary(_Analytics):
    """Usage and costs of some days, beside as many days before."""

    @_answers(answers.SummarySerializer)
    def get(self, request: Request, organisation_id: UUID) -> HttpResponseBase:
        asked, given, mode = self.days(organisation_id)
        found = summary(asked)
        if given.get("format") == "csv":
            rows = answers.metric_cells(found.metrics)
            return csv_response(f"summary-{asked.organisation.slug}", chain([answers.COLUMNS], rows))
        return Response(answers.summary_answer(found, mode))


class AnalyticsTrends(_Analytics):
    """Usage and costs by day, week or month. Days and months are the organisation's; weeks begin on Monday."""

    filterset_class = TrendParameters

    @_answers(answers.TrendsSerializer)
    def get(self, request: Request, organisation_id: UUID) -> HttpResponseBase:
        asked, given, mode = self.days(organisation_id)
        grain = Grain(given.get("group_by", "day"))
        buckets = trends(asked, grain)
        if given.get("format") == "csv":
            rows = (
                row
                for each in buckets
                for row in answers.metric_cells(each.metrics, each.totals.first, each.totals.after)
            )
            columns = ("start", "end", *answers.COLUMNS)
            return csv_response(f"trends-{asked.organisation.slug}", chain([columns], rows))
        about = {"start": asked.first.isoformat(), "end": asked.after.isoformat(), "group_by": grain.value}
        return Response({**about, "mode": mode, "buckets": [answers.bucket_row(each) for each in buckets]})


class CostBreakdown(_Analytics):
    """What days cost, by metric, project or dimension: of whole months together what their invoices say."""

    filterset_class = CostBreakdownParameters

    @_answers(answers.CostBreakdownSerializer)
    def get(self, request: Request, organisation_id: UUID) -> HttpResponseBase:
        asked, given, mode = self.days(organisation_id)
        by, dimension = given.get("group_by", "metric"), given.get("dimension", "")
        found = cost_breakdown(asked, by, dimension)
        names = {}
        if by == "project":
            projects = Project.objects.filter(pk__in=answers.breakdown_projects(found))
            names = {str(pk): name for pk, name in projects.values_list("pk", "name")}
        rows = [answers.breakdown_row(row, by, names) for row in found.rows]
        if given.get("format") == "csv":
            columns = list(answers.CostRowSerializer().fields)
            cells = ([row[column] for column in columns] for row in rows)
            return csv_response(f"costs-{asked.organisation.slug}", chain([columns], cells))
        return Response(
            {
                "start": asked.first.isoformat(),
                "end": asked.after.isoformat(),
                "group_by": by,
                "dimension": dimension,
                "mode": mode,
                "months": [answers.month_row(month) for month in found.months],
                "totals": [answers.cost_row(row) for row in found.totals],
                "rows": rows,
            }
        )


class AnalyticsRealTime(_Analytics):
    """The last minutes: what was accepted, what of it is counted, and how far counting is behind."""

    filterset_class = RealTimeParameters
    permission_required = "events.view_usageaggregate"

    @_answers(answers.RealTimeSerializer)
    def get(self, request: Request, organisation_id: UUID) -> HttpResponseBase:
        organisation, project, given = self.about(organisation_id)
        found = real_time(organisation=organisation, project=project, metric_name=given.get("metric_name", ""))
        if given.get("format") == "csv":
            rows = ((each.start.isoformat(), each.accepted, each.pending) for each in found.minutes)
            columns = ("start", "accepted", "pending")
            return csv_response(f"realtime-{organisation.slug}", chain([columns], rows))
        return Response(answers.real_time_answer(found, Project.Mode.LIVE if project is None else project.mode))
