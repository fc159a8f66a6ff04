"""Usage from files: send one, see how it stands, and get the rows that were bad."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.csv_files import csv_response
from events.api.parameters import UsageImportParameters
from events.api.serializers import NewUsageImportSerializer, UsageImportSerializer
from events.models import UsageImport
from events.selectors.imports import problem_rows
from events.services.importing import start_import
from organisations.api.base import AdminGenericView
from organisations.models import Project


class UsageImportList(ListModelMixin, AdminGenericView):
    """Files of usage, newest first. One that is sent is imported by a job: ask for it again to see how it stands."""

    queryset = UsageImport.objects.all()
    serializer_class = UsageImportSerializer
    filterset_class = UsageImportParameters
    parser_classes = [MultiPartParser]
    permission_required = {"GET": "events.view_usageimport", "POST": "events.add_usageimport"}

    @extend_schema(tags=["usage"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(
        tags=["usage"],
        request={"multipart/form-data": NewUsageImportSerializer},
        responses={202: UsageImportSerializer},
    )
    def post(self, request: Request) -> Response:
        values = validated(NewUsageImportSerializer, request)
        project: Project = self.find(Project.objects.select_related("organisation"), pk=values["project"])
        made = start_import(
            project=project,
            file=values["file"],
            file_name=values["file"].name,
            by=request.user.get_username(),
            again=values["again"],
        )
        return Response(self.get_serializer(made).data, status=202)


class UsageImportDetail(AdminGenericView):
    serializer_class = UsageImportSerializer
    permission_required = "events.view_usageimport"

    @extend_schema(tags=["usage"])
    def get(self, request: Request, import_id: UUID) -> Response:
        return Response(self.get_serializer(self.find(UsageImport.objects.all(), pk=import_id)).data)


class UsageImportBadRows(AdminGenericView):
    """The bad rows as CSV: line, field, reason, event id, and the row as it was sent."""

    queryset = UsageImport.objects.none()
    permission_required = "events.view_usageimport"

    @extend_schema(tags=["usage"], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, import_id: UUID) -> HttpResponseBase:
        found = self.find(UsageImport.objects.all(), pk=import_id)
        return csv_response(f"bad-rows-{found.sha256[:12]}-{found.run}", problem_rows(found))
