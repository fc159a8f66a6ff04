"""Endpoints for organisations, projects and API keys."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import DomainError
from billing_platform.lib.http.bodies import validated
from organisations.api.base import AdminGenericView
from organisations.api.parameters import OrganisationParameters, ProjectParameters
from organisations.api.serializers import (
    ApiKeySerializer,
    IssuedKeySerializer,
    IssueKeySerializer,
    OrganisationSerializer,
    ProjectSerializer,
    RotateKeySerializer,
)
from organisations.models import ApiKey, Organisation, Project
from organisations.services import api_keys, onboarding


class OrganisationList(ListModelMixin, AdminGenericView):
    """All organisations that the key reaches; create one (needs a key that reaches all)."""

    queryset = Organisation.objects.all()
    serializer_class = OrganisationSerializer
    filterset_class = OrganisationParameters
    permission_required = {"GET": "organisations.view_organisation", "POST": "organisations.add_organisation"}

    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(responses={201: OrganisationSerializer})
    def post(self, request: Request) -> Response:
        self.check_object_permissions(request, Organisation())  # one that is nobody's yet: needs it for all
        values = validated(OrganisationSerializer, request)
        values.pop("confirm", None)
        organisation = onboarding.create_organisation(**values)
        return Response(self.get_serializer(organisation).data, status=201)


class OrganisationDetail(AdminGenericView):
    serializer_class = OrganisationSerializer
    permission_required = {"GET": "organisations.view_organisation", "PATCH": "organisations.change_organisation"}

    def get(self, request: Request, organisation_id: UUID) -> Response:
        return Response(self.get_serializer(self.organisation(organisation_id)).data)

    def patch(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        changes = validated(OrganisationSerializer, request, change_of=organisation)
        onboarding.update_organisation(organisation=organisation, **changes)
        return Response(self.get_serializer(organisation).data)


class ProjectList(ListModelMixin, AdminGenericView):
    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    filterset_class = ProjectParameters
    permission_required = {"GET": "organisations.view_project", "POST": "organisations.add_project"}

    def get_queryset(self) -> QuerySet[Project]:
        return super().get_queryset().filter(organisation_id=self.kwargs["organisation_id"])

    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)

    @extend_schema(responses={201: ProjectSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        values = validated(ProjectSerializer, request)
        mode = values.get("mode", Project.Mode.LIVE)
        project = onboarding.create_project(organisation=organisation, name=values["name"], mode=mode)
        return Response(self.get_serializer(project).data, status=201)


class ProjectDetail(AdminGenericView):
    serializer_class = ProjectSerializer
    permission_required = {"GET": "organisations.view_project", "PATCH": "organisations.change_project"}

    def get(self, request: Request, project_id: UUID) -> Response:
        return Response(self.get_serializer(self.find(Project.objects.all(), pk=project_id)).data)

    def patch(self, request: Request, project_id: UUID) -> Response:
        project = self.find(Project.objects.all(), pk=project_id)
        onboarding.update_project(project=project, **validated(ProjectSerializer, request, change_of=project))
        return Response(self.get_serializer(project).data)


class ProjectKeyList(ListModelMixin, AdminGenericView):
    queryset = ApiKey.objects.all()
    serializer_class = ApiKeySerializer
    required_scope = ApiKey.Scope.ADMIN
    secret_fields = ("api_key",)
    permission_required = {"GET": "organisations.view_apikey", "POST": "organisations.issue_apikey"}

    def get_queryset(self) -> QuerySet[ApiKey]:
        return super().get_queryset().filter(project_id=self.kwargs["project_id"])

    def get(self, request: Request, project_id: UUID) -> Response:
        self.find(Project.objects.all(), pk=project_id)
        return self.list(request)

    @extend_schema(request=IssueKeySerializer, responses={201: IssuedKeySerializer})
    def post(self, request: Request, project_id: UUID) -> Response:
        project = self.find(Project.objects.all(), pk=project_id)
        issued = api_keys.issue_project_key(project=project, **validated(IssueKeySerializer, request))
        return Response(IssuedKeySerializer(issued).data, status=201)


class KeyRotate(AdminGenericView):
    required_scope = ApiKey.Scope.ADMIN
    secret_fields = ("api_key",)
    permission_required = "organisations.issue_apikey"

    @extend_schema(request=RotateKeySerializer, responses={201: IssuedKeySerializer})
    def post(self, request: Request, key_id: UUID) -> Response:
        api_key = find_key(self, key_id)
        grace = timedelta(seconds=validated(RotateKeySerializer, request)["grace_seconds"])
        return Response(IssuedKeySerializer(api_keys.rotate_key(api_key_id=api_key.pk, grace=grace)).data, status=201)


class KeyDetail(AdminGenericView):
    required_scope = ApiKey.Scope.ADMIN
    permission_required = "organisations.issue_apikey"

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        api_keys.revoke_key(api_key_id=find_key(self, key_id).pk)
        return Response(status=204)


def find_key(view: AdminGenericView, key_id: UUID) -> ApiKey:
    """A key that the caller may rotate or revoke. Raises NotFound, and DomainError FORBIDDEN for somebody else's."""
    api_key: ApiKey = view.find(ApiKey.objects.all(), pk=key_id)
    if not api_keys.may_manage(user=view.request.user, api_key=api_key):
        message = "Only the owner of this key, or an administrator of its owner, may rotate or revoke the key."
        raise DomainError(message, code="FORBIDDEN", status=403)
    return api_key
