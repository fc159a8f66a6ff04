"""Reading usage, and metrics for the back office."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing_platform.lib.errors import InvalidInput, NotFound
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.periods import BillingPeriod, PeriodError
from events.api.serializers import EventStatusSerializer, MetricSerializer, MetricUsageSerializer, UsageSerializer
from events.models import Metric
from events.selectors.months import current_period, usage_by_metric
from events.selectors.status import event_status
from events.services import metrics
from events.usage.questions import Span
from events.usage.report import used_metrics
from organisations.access.permissions import ProjectKeyPermission
from organisations.api.base import AdminGenericView, AdminView
from organisations.models import Organisation, Project


class EventDetail(APIView):
    """What became of one event of the key's project."""

    permission_classes = [ProjectKeyPermission]

    @extend_schema(responses=EventStatusSerializer, tags=["usage"])
    def get(self, request: Request, event_id: str) -> Response:
        return _status_of(request, event_id)


class EventByQuery(APIView):
    """The same for an id that an address can't carry, such as `..`, or one of old that ends with a slash."""

    permission_classes = [ProjectKeyPermission]

    def get(self, request: Request) -> Response:
        if "event_id" not in request.query_params:
            raise InvalidInput.field("event_id", "Say which event: ?event_id=…")
        return _status_of(request, request.query_params["event_id"])


def _status_of(request: Request, event_id: str) -> Response:
    found = event_status(project=request.auth.project, event_id=event_id)
    if found is None:
        raise NotFound("This project has sent no event of that id.")
    return Response(EventStatusSerializer(found).data)


class ProjectUsage(APIView):
    """The current month's usage of the key's project."""

    permission_classes = [ProjectKeyPermission]

    @extend_schema(responses=UsageSerializer, tags=["usage"])
    def get(self, request: Request) -> Response:
        project = request.auth.project
        period = current_period(project.organisation)
        return Response(_usage(project.organisation, period, project))


class OrganisationUsage(AdminView):
    """An organisation's usage by project and metric: what a billing month counts, or what happened in some days."""

    permission_required = "events.view_usageaggregate"

    @extend_schema(
        responses={(200, "application/json"): UsageSerializer, (200, "text/csv"): OpenApiTypes.STR},
        tags=["usage"],
        parameters=[
            OpenApiParameter("period", str, description="2026-11; the current month if left out"),
            OpenApiParameter(
                "start", date, description="the first day, on the organisation's clock, instead of a period"
            ),
            OpenApiParameter("end", date, description="the first day that no longer counts"),
            OpenApiParameter("project_id", UUID),
            OpenApiParameter("metric_name", str),
            OpenApiParameter("format", str, enum=["csv"]),
        ],
    )
    def get(self, request: Request, organisation_id: UUID) -> HttpResponseBase:
        organisation, asked = self.organisation(organisation_id), request.query_params
        project = None
        if project_id := asked.get("project_id"):
            project = self.find(Project.objects.filter(organisation=organisation), pk=_uuid("project_id", project_id))
        if "start" in asked or "end" in asked:
            answer = _usage_of_days(_span(request, organisation), project, asked.get("metric_name", ""))
        else:
            answer = _usage(organisation, _period(request, organisation), project, asked.get("metric_name", ""))
        if asked.get("format") == "csv":
            columns = list(MetricUsageSerializer().fields)
            rows = ([row[column] for column in columns] for row in answer["usage"])
            return csv_response(f"usage-{organisation.slug}", chain([columns], rows))
        return Response(answer)


class MetricList(ListModelMixin, AdminGenericView):
    """The metrics of the key's organisations, and the shared ones."""

    serializer_class = MetricSerializer
    permission_required = {"GET": "events.view_metric", "POST": "events.add_metric"}

    def get_queryset(self) -> QuerySet[Metric]:
        queryset = Metric.objects.for_organisations(self.request.auth)
        filters: dict[str, Any] = {
            name: self.request.query_params[name] for name in ("name", "unit") if name in self.request.query_params
        }
        if organisation := self.request.query_params.get("organisation"):
            filters["organisation"] = _uuid("organisation", organisation)
        return queryset.filter(**filters)

    @extend_schema(tags=["usage"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=["usage"], responses={201: MetricSerializer})
    def post(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        if values["organisation"] is not None:
            values["organisation"] = self.organisation(values["organisation"].pk)
        else:
            self.check_object_permissions(request, Metric())  # everybody's: needs the permission for all
        metric = metrics.define_metric(actor=request.auth, **values)
        return Response(self.get_serializer(metric).data, status=201)


def _usage(
    organisation: Organisation, period: BillingPeriod, project: Project | None, metric_name: str = ""
) -> dict[str, Any]:
    found = usage_by_metric(organisation=organisation, period=period, project=project)
    rows = [row for row in found if metric_name in ("", row.metric_name)]
    return _answer(str(period), period.start, period.end, project, rows)


def _usage_of_days(span: Span, project: Project | None, metric_name: str) -> dict[str, Any]:
    rows = used_metrics(span, project=project, metric_name=metric_name)
    return _answer(None, span.first, span.after, project, rows)


def _answer(period: str | None, start: date, end: date, project: Project | None, rows: Sequence[Any]) -> dict[str, Any]:
    mode = Project.Mode.LIVE if project is None else project.mode
    about = {"period": period, "period_start": start, "period_end": end, "mode": mode, "usage": rows}
    return dict(UsageSerializer(about).data)


def _span(request: Request, organisation: Organisation) -> Span:
    if "period" in request.query_params:
        raise InvalidInput.field("period", "Give a period, or start and end.")
    first, after = (_day(name, request.query_params.get(name, "")) for name in ("start", "end"))
    if after <= first:
        raise InvalidInput.field("end", "This is the first day that no longer counts: it comes after the start.")
    return Span(organisation, first, after)


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput.field(name, "Write the day as 2026-11-01.") from None
    if not 2000 <= day.year <= 2999:
        raise InvalidInput.field(name, "There is no usage of that time.")
    return day


def _period(request: Request, organisation: Organisation) -> BillingPeriod:
    text = request.query_params.get("period")
    if text is None:
        return current_period(organisation)
    try:
        return BillingPeriod.parse(text)
    except PeriodError as error:
        raise InvalidInput.field("period", str(error)) from None


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput.field(name, "This is not an id.") from None
