"""Endpoints of discrepancies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import MoneyText
from billing_platform.lib.http.list_files import ListOrFileMixin, list_answers
from billing_platform.lib.limits import REASON_LENGTH
from organisations.api.base import AdminGenericView, AdminView
from reconciliation.api.parameters import DiscrepancyParameters
from reconciliation.models import CheckName, Discrepancy
from reconciliation.selectors.people import who_may_resolve
from reconciliation.services import resolving
from reconciliation.services.resolving import Action


class DiscrepancySerializer(serializers.ModelSerializer):
    check = serializers.ChoiceField(choices=CheckName.choices, source="check_name")
    worth = MoneyText(help_text="Estimate in rupees.", allow_null=True)
    age_days = serializers.IntegerField(help_text="Since it was first seen, until it was gone or decided.")
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
            "age_days",
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
    assigned_to = serializers.CharField(
        required=False, allow_null=True, help_text="With `assign`: a user's name, or null for nobody."
    )


class DiscrepancyList(ListOrFileMixin, AdminGenericView):
    """What does not agree, the newest first."""

    queryset = Discrepancy.objects.select_related("decided_by", "assigned_to")
    serializer_class = DiscrepancySerializer
    filterset_class = DiscrepancyParameters
    permission_required = "reconciliation.view_discrepancy"

    @extend_schema(tags=["reconciliation"], responses=list_answers(DiscrepancySerializer))
    def get(self, request: Request) -> HttpResponseBase:
        return self.list_or_file(request, "discrepancies")


class DiscrepancyResolve(AdminView):
    """Acknowledge or assign a discrepancy, have it repaired by the app that owns the numbers, or write it off."""

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
        elif wanted["action"] == Action.ASSIGN:
            resolving.assign(discrepancy_id=found.pk, to=_user(wanted, found))
        else:
            resolving.acknowledge(discrepancy_id=found.pk, by=request.user, note=reason)
        found.refresh_from_db()
        return Response(DiscrepancySerializer(found).data)


def _user(wanted: dict[str, Any], discrepancy: Discrepancy) -> Any:
    """One who may not decide about it is not told from one who does not exist."""
    if "assigned_to" not in wanted:
        raise InvalidInput.field("assigned_to", "Say to whom, or null for nobody.")
    name = wanted["assigned_to"]
    user = who_may_resolve([discrepancy.organisation_id]).filter(username=name).first()
    if user is None and name is not None:
        raise InvalidInput.field("assigned_to", "Nobody of this name may decide about it.")
    return user
