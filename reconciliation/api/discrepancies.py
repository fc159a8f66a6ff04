"""Endpoints of discrepancies."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import MoneyText
from billing_platform.lib.limits import REASON_LENGTH
from organisations.api.base import AdminGenericView, AdminView
from reconciliation.api.parameters import DiscrepancyParameters
from reconciliation.models import CheckName, Discrepancy
from reconciliation.services import resolving
from reconciliation.services.resolving import Action


class DiscrepancySerializer(serializers.ModelSerializer):
    check = serializers.ChoiceField(choices=CheckName.choices, source="check_name")
    worth = MoneyText(help_text="Estimate in rupees.", allow_null=True)
    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)
    assigned_to = serializers.CharField(source="assigned_to.username", allow_null=True, default=None)

    class Meta:
        model = Discrepancy
        fields = [
            "id",
            "check",
            "kind",
            "about",
            "organisation",
            "day",
            "expected",
            "found",
            "worth",
            "state",
            "first_seen_at",
            "last_seen_at",
            "times_opened",
            "gone_at",
            "assigned_to",
            "decided_at",
            "decided_by",
            "reason",
        ]
        read_only_fields = fields


class ResolveSerializer(serializers.Serializer):
    action = serializers.ChoiceField(choices=Action.choices)
    reason = serializers.CharField(
        max_length=REASON_LENGTH, required=False, allow_blank=True, help_text="A write-off needs one."
    )


class DiscrepancyList(ListModelMixin, AdminGenericView):
    """What does not agree, the newest first."""

    queryset = Discrepancy.objects.select_related("decided_by", "assigned_to")
    serializer_class = DiscrepancySerializer
    filterset_class = DiscrepancyParameters
    permission_required = "reconciliation.view_discrepancy"

    @extend_schema(tags=["reconciliation"])
    def get(self, request: Request) -> Response:
        return self.list(request)


class DiscrepancyResolve(AdminView):
    """Acknowledge a discrepancy, have it repaired by the app that owns the numbers, or write it off with a reason."""

    permission_required = "reconciliation.resolve_discrepancy"
    calls_out = True  # a repair may write to the file storage

    @extend_schema(tags=["reconciliation"], request=ResolveSerializer, responses={200: DiscrepancySerializer})
    def post(self, request: Request, discrepancy_id: UUID) -> Response:
        found = self.find(Discrepancy.objects.all(), pk=discrepancy_id)
        wanted = validated(ResolveSerializer, request)
        reason = wanted.get("reason", "")
        if wanted["action"] == Action.REPAIR:
            resolving.repair(discrepancy_id=found.pk, by=request.user)
        elif wanted["action"] == Action.WRITE_OFF:
            resolving.write_off(discrepancy_id=found.pk, by=request.user, reason=reason)
        else:
            resolving.acknowledge(discrepancy_id=found.pk, by=request.user, note=reason)
        found.refresh_from_db()
        return Response(DiscrepancySerializer(found).data)
