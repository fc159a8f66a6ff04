"""Reading usage, and metrics for the back office."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing_platform.lib.errors import InvalidInput, NotFound
from billing_platform.lib.periods import BillingPeriod, PeriodError
from events import selectors
from events.api.serializers import EventStatusSerializer, MetricSerializer, UsageSerializer
from events.models import Metric
from events.services import metrics
from organisations.api.base import AdminGenericView, AdminView
from organisations.models import Organisation, Project
from organisations.permissions import ProjectKeyPermission


class EventDetail(APIView):
    """What became of one event of the key's project."""

    permission_classes = [ProjectKeyPermission]

    @extend_schema(responses=EventStatusSerializer, tags=["usage"])
    def get(self, request: Request, event_id: str) -> Response:
        found = selectors.event_status(project=request.auth.project, event_id=event_id)
        if found is None:
            raise NotFound("This project has sent no event of that id.")
        return Response(EventStatusSerializer(found).data)


class ProjectUsage(APIView):
    """The current month's usage of the key's project."""

    permission_classes = [ProjectKeyPermission]

    @extend_schema(responses=UsageSerializer, tags=["usage"])
    def get(self, request: Request) -> Response:
        project = request.auth.project
        period = selectors.current_period(project.organisation)
        return Response(_usage(project.organisation, period, project))


class OrganisationUsage(AdminView):
    """A month's usage of an organisation, by project and metric."""

    permission_required = "events.view_usageaggregate"

    @extend_schema(
        responses=UsageSerializer,
        tags=["usage"],
        parameters=[
            OpenApiParameter("period", str, description="2026-11; the current month if left out"),
            OpenApiParameter("project_id", UUID),
        ],
    )
    def get(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        project = None
        if project_id := request.query_params.get("project_id"):
            project = self.find(Project.objects.filter(organisation=organisation), pk=_uuid("project_id", project_id))
        return Response(_usage(organisation, _period(request, organisation), project))


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

    @extend_schema(tags=["usage"])
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


def _usage(organisation: Organisation, period: BillingPeriod, project: Project | None) -> dict[str, Any]:
    found = selectors.usage_by_metric(organisation=organisation, period=period, project=project)
    return dict(
        UsageSerializer(
            {"period": str(period), "period_start": period.start, "period_end": period.end, "usage": found}
        ).data
    )


def _period(request: Request, organisation: Organisation) -> BillingPeriod:
    text = request.query_params.get("period")
    if text is None:
        return selectors.current_period(organisation)
    try:
        return BillingPeriod.parse(text)
    except PeriodError as error:
        raise InvalidInput.field("period", str(error)) from None


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput.field(name, "This is not an id.") from None
