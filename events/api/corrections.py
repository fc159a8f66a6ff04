"""Corrections of counted usage: made once, read for ever."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.list_files import ListOrFileMixin, list_answers
from events.api.parameters import UsageCorrectionParameters
from events.api.serializers import NewUsageCorrectionSerializer, UsageCorrectionSerializer
from events.models import UsageCorrection
from events.services.corrections import correct_usage
from organisations.api.base import AdminGenericView
from organisations.models import Project


class UsageCorrectionList(ListOrFileMixin, AdminGenericView):
    """What was corrected, newest first; void a counted event or give it another quantity."""

    queryset = UsageCorrection.objects.select_related("metric")
    serializer_class = UsageCorrectionSerializer
    filterset_class = UsageCorrectionParameters
    permission_required = {"GET": "events.view_usagecorrection", "POST": "events.add_usagecorrection"}

    @extend_schema(tags=["usage"], responses=list_answers(UsageCorrectionSerializer))
    def get(self, request: Request) -> HttpResponseBase:
        return self.list_or_file(request, "usage-corrections")

    @extend_schema(tags=["usage"], request=NewUsageCorrectionSerializer, responses={201: UsageCorrectionSerializer})
    def post(self, request: Request) -> Response:
        values = validated(NewUsageCorrectionSerializer, request)
        month = values.get("received_month")
        project: Project = self.find(Project.objects.select_related("organisation"), pk=values["project"])
        correction = correct_usage(
            organisation=project.organisation,
            project=project,
            event_id=values["event_id"],
            action=values["action"],
            quantity=values.get("metric_value"),
            reason=values["reason"],
            by=request.user.get_username(),
            received_month=month and month.start,
        )
        return Response(self.get_serializer(correction).data, status=201)


class UsageCorrectionDetail(AdminGenericView):
    serializer_class = UsageCorrectionSerializer
    permission_required = "events.view_usagecorrection"

    @extend_schema(tags=["usage"])
    def get(self, request: Request, correction_id: UUID) -> Response:
        found = self.find(UsageCorrection.objects.select_related("metric"), pk=correction_id)
        return Response(self.get_serializer(found).data)
