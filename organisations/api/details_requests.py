"""Changes of details that a customer asks for: listed, asked for, approved and rejected."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import validate_line
from organisations.api.base import AdminGenericView
from organisations.api.parameters import DetailsRequestParameters
from organisations.api.serializers import ConfirmField
from organisations.audit import acting_person
from organisations.models import DetailsRequest
from organisations.services import details_requests

_TAGS = ["requests of customers"]


class DetailsRequestSerializer(serializers.ModelSerializer):
    proposed = serializers.DictField(
        child=serializers.CharField(max_length=254, allow_blank=True, validators=[validate_line]),
        help_text="New values by field; what does not differ is left out.",
    )
    consequences = serializers.SerializerMethodField(help_text="What approving would mean; empty once decided.")

    class Meta:
        model = DetailsRequest
        fields = [
            "id", "organisation", "subject", "proposed", "before", "note", "asked_by", "consequences",
            "status", "reason", "decided_at", "decided_by", "created_at",
        ]  # fmt: skip
        read_only_fields = [
            "id", "organisation", "before", "consequences", "status", "reason", "decided_at", "decided_by",
            "created_at",
        ]  # fmt: skip
        validators: ClassVar[list[Any]] = []  # the service says it

    def get_consequences(self, asked: DetailsRequest) -> list[str]:
        if not asked.is_open:
            return []
        to_confirm, to_know = details_requests.outlook(asked)
        return [*to_confirm, *to_know]


class ApproveDetailsSerializer(serializers.Serializer):
    confirm = ConfirmField()


class RejectSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=REASON_LENGTH, validators=[validate_line])


class DetailsRequestList(ListModelMixin, AdminGenericView):
    """What a customer asks to have changed about itself; ask in its name."""

    queryset = DetailsRequest.objects.select_related("organisation__billing_entity")
    serializer_class = DetailsRequestSerializer
    filterset_class = DetailsRequestParameters
    permission_required = {"GET": "organisations.view_detailsrequest", "POST": "organisations.change_organisation"}

    def get_queryset(self) -> QuerySet[DetailsRequest]:
        return super().get_queryset().filter(organisation_id=self.kwargs["organisation_id"])

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)

    @extend_schema(tags=_TAGS, responses={201: DetailsRequestSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        values = validated(DetailsRequestSerializer, request)
        made = details_requests.ask_for_details(organisation=organisation, **values)
        return Response(self.get_serializer(made).data, status=201)


class ApproveDetails(AdminGenericView):
    permission_required = "organisations.change_organisation"

    @extend_schema(tags=_TAGS, request=ApproveDetailsSerializer, responses={200: DetailsRequestSerializer})
    def post(self, request: Request, request_id: UUID) -> Response:
        asked = self.find(DetailsRequest.objects.all(), pk=request_id)
        values = validated(ApproveDetailsSerializer, request)
        decided = details_requests.approve_details(request_id=asked.pk, decided_by=acting_person(), **values)
        return Response(DetailsRequestSerializer(decided).data)


class RejectDetails(AdminGenericView):
    permission_required = "organisations.change_organisation"

    @extend_schema(tags=_TAGS, request=RejectSerializer, responses={200: DetailsRequestSerializer})
    def post(self, request: Request, request_id: UUID) -> Response:
        asked = self.find(DetailsRequest.objects.all(), pk=request_id)
        values = validated(RejectSerializer, request)
        decided = details_requests.reject_details(request_id=asked.pk, decided_by=acting_person(), **values)
        return Response(DetailsRequestSerializer(decided).data)
