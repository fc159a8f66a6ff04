"""Reading usage, and metrics for the back office."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import InvalidInput, NotFound
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.parameters import check_parameters, report_parameters
from billing_platform.lib.periods import BillingPeriod
from events.api.parameters import MetricParameters, UsageParameters
from events.api.serializers import EventStatusSerializer, MetricSerializer, MetricUsageSerializer, UsageSerializer
from events.models import Metric, UsageAggregate
from events.selectors.months import current_period, usage_by_metric
from events.selectors.status import event_status
from events.services import metrics
from events.usage.questions import Span
from events.usage.report import used_metrics
from organisations.access.permissions import ProjectKeyPermission
from organisations.api.base import AdminGenericView, api_key_of, project_of
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
    found = event_status(project=project_of(request), event_id=event_id)
    if found is None:
        raise NotFound("This project has sent no event of that id.")
    return Response(EventStatusSerializer(found).data)


class ProjectUsage(APIView):
    """The current month's usage of the key's project."""

    permission_classes = [ProjectKeyPermission]

    @extend_schema(responses=UsageSerializer, tags=["usage"])
    def get(self, request: Request) -> Response:
        check_parameters(self, request)
        project = project_of(request)
        period = current_period(project.organisation)
        return Response(_usage(project.organisation, period, project))


class OrganisationUsage(AdminGenericView):
    """An organisation's usage by project and metric: what a billing month counts, or what happened in some days."""

    queryset = UsageAggregate.objects.none()
    filterset_class = UsageParameters
    permission_required = "events.view_usageaggregate"

    @extend_schema(
        filters=True,
        responses={(200, "application/json"): UsageSerializer, (200, "text/csv"): OpenApiTypes.STR},
        tags=["usage"],
    )
    def get(self, request: Request, organisation_id: UUID) -> HttpResponseBase:
        organisation, asked = self.organisation(organisation_id), report_parameters(self)
        project = None
        if project_id := asked.get("project_id"):
            project = self.find(Project.objects.filter(organisation=organisation), pk=project_id)
        metric_name = asked.get("metric_name", "")
        if "start" in asked:
            answer = _usage_of_days(Span(organisation, asked["start"], asked["end"]), project, metric_name)
        else:
            period = asked.get("period") or current_period(organisation)
            answer = _usage(organisation, period, project, metric_name)
        if asked.get("format") == "csv":
            columns = list(MetricUsageSerializer().fields)
            rows = ([row[column] for column in columns] for row in answer["usage"])
            return csv_response(f"usage-{organisation.slug}", chain([columns], rows))
        return Response(answer)


class MetricList(ListModelMixin, AdminGenericView):
    """The metrics of the key's organisations, and the shared ones."""

    queryset = Metric.objects.all()
    serializer_class = MetricSerializer
    filterset_class = MetricParameters
    permission_required = {"GET": "events.view_metric", "POST": "events.add_metric"}

    @extend_schema(tags=["usage"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=["usage"], responses={201: MetricSerializer})
    def post(self, request: Request) -> Response:
        values = validated(MetricSerializer, request)
        if values["organisation"] is not None:
            values["organisation"] = self.organisation(values["organisation"].pk)
        else:
            self.check_object_permissions(request, Metric())  # everybody's: needs the permission for all
        conversion = {field: values.pop(field) for field in metrics.CONVERSION if field in values}
        metric = metrics.define_metric(actor=api_key_of(request), conversion=conversion, **values)
        return Response(self.get_serializer(metric).data, status=201)


class MetricDetail(AdminGenericView):
    """One metric. Its name and its unit stay; once an operator has defined it, also how it is counted."""

    queryset = Metric.objects.all()
    serializer_class = MetricSerializer
    permission_required = {"GET": "events.view_metric", "PATCH": "events.change_metric"}

    def lock_first(self) -> None:
        advisory_lock(LockSpace.DEDUP)

    @extend_schema(tags=["usage"])
    def get(self, request: Request, metric_id: UUID) -> Response:
        return Response(self.get_serializer(self.find(Metric.objects.all(), pk=metric_id)).data)

    @extend_schema(tags=["usage"])
    def patch(self, request: Request, metric_id: UUID) -> Response:
        metric = self.find(Metric.objects.all(), pk=metric_id)
        changes = validated(MetricSerializer, request, change_of=metric)
        changed = metrics.change_metric(metric_id=metric.pk, changes=changes)
        return Response(self.get_serializer(changed).data)


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
