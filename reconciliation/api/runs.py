"""Endpoints of reconciliation runs."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from organisations.api.base import AdminGenericView, api_key_of
from organisations.models import Organisation
from reconciliation.api.parameters import RunParameters
from reconciliation.models import CheckName, CheckRun, Run
from reconciliation.services.running import start_run


class CheckRunSerializer(serializers.ModelSerializer):
    check = serializers.ChoiceField(choices=CheckName.choices, source="check_name")
    last_error = serializers.CharField(source="last_failure")

    class Meta:
        model = CheckRun
        fields = ["check", "status", "pieces_done", "compared", "found", "is_cut_short", "ended_at", "last_error"]
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer):
    checks = CheckRunSerializer(many=True)

    class Meta:
        model = Run
        fields = ["id", "first_day", "last_day", "organisation", "cause", "created_at", "finished_at", "checks"]
        read_only_fields = fields


class NewRunSerializer(serializers.Serializer):
    first_day = serializers.DateField(help_text="In UTC.")
    last_day = serializers.DateField(help_text="Included.")
    organisation = serializers.UUIDField(required=False, allow_null=True, help_text="Without: all customers.")
    checks = serializers.ListField(
        child=serializers.ChoiceField(choices=CheckName.choices), required=False, help_text="Without: all of them."
    )


class RunList(ListModelMixin, AdminGenericView):
    """Runs, the newest first; start one. Only keys that reach every organisation see runs: they count of all."""

    queryset = Run.objects.all()
    serializer_class = RunSerializer
    filterset_class = RunParameters
    permission_required = {"GET": "reconciliation.view_run", "POST": "reconciliation.start_run"}

    def get_queryset(self) -> QuerySet[Run]:
        return Run.objects.for_organisations(api_key_of(self.request)).prefetch_related("checks")

    @extend_schema(tags=["reconciliation"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=["reconciliation"], request=NewRunSerializer, responses={201: RunSerializer})
    def post(self, request: Request) -> Response:
        wanted = validated(NewRunSerializer, request)
        run = start_run(
            first_day=wanted["first_day"],
            last_day=wanted["last_day"],
            organisation=self._customer(wanted.get("organisation")),
            checks=wanted.get("checks", ()),
            asked_by=request.user,
        )
        return Response(RunSerializer(run).data, status=201)

    def _customer(self, organisation_id: UUID | None) -> Organisation | None:
        if organisation_id is not None:
            return self.organisation(organisation_id)
        # a run over all customers is for who may start one for each of them
        self.check_object_permissions(self.request, Run())
        return None
