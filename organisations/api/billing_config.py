"""How a customer is billed: its own rules, the holds on it, and what other apps keep of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import validate_line
from organisations.api.base import AdminGenericView
from organisations.api.serializers import ConfirmField
from organisations.billing_config import read_parts, write_parts
from organisations.models import BillingHold, Organisation
from organisations.services import holds, onboarding


class HoldSerializer(serializers.ModelSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH, validators=[validate_line])

    class Meta:
        model = BillingHold
        fields = ["id", "kind", "reason", "starts_at", "ends_at", "placed_by"]
        read_only_fields = ["id", "starts_at", "placed_by"]

    def validate(self, hold: dict[str, Any]) -> dict[str, Any]:
        """A change of the configuration may leave out `holds`, but not a part of a hold."""
        missing = {name: ["This field is required."] for name in ("kind", "reason") if name not in hold}
        if missing:
            raise serializers.ValidationError(missing)
        return hold


class BillingConfigSerializer(serializers.ModelSerializer):
    """Rules of issuing that are null are the seller's. `holds` are those that stand now: a change names all of them."""

    confirm = ConfirmField()
    holds = HoldSerializer(many=True, required=False, source="standing_holds")

    class Meta:
        model = Organisation
        fields = [
            "billing_email",
            "language",
            "billing_entity",
            "currency",
            "payment_terms_days",
            "purchase_order",
            "time_zone",
            "strict_metrics",
            "uses_credit",
            "draft_days",
            "approve_above",
            "approve_change_percent",
            "approve_first",
            "approve_edited",
            "holds",
            "confirm",
        ]

    def to_representation(self, organisation: Organisation) -> dict[str, Any]:
        return {**super().to_representation(organisation), **read_parts(organisation)}


class BillingConfig(AdminGenericView):
    """The part of an organisation that decides how it is billed."""

    serializer_class = BillingConfigSerializer
    permission_required = {"GET": "organisations.view_organisation", "PATCH": "organisations.change_organisation"}

    def get(self, request: Request, organisation_id: UUID) -> Response:
        return Response(self.get_serializer(self.organisation(organisation_id)).data)

    def patch(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        changes = validated(BillingConfigSerializer, request, change_of=organisation)
        wanted = changes.pop("standing_holds", None)
        onboarding.update_organisation(organisation=organisation, **changes)
        if wanted is not None:
            holds.set_holds(organisation=organisation, wanted=wanted, by=request.user.get_username())
        write_parts(organisation, dict(request.data))
        return Response(self.get_serializer(organisation).data)
