"""Endpoints of minimum charges: of one organisation, or of all."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import MoneyText
from billing_platform.lib.limits import MONEY_DIGITS, MONEY_PLACES
from billing_platform.lib.validators import validate_business_date, validate_currency, validate_sac
from invoicing.api.parameters import MinimumChargeParameters
from invoicing.models import MinimumCharge
from invoicing.services.prices.billed_months import lock_prices
from invoicing.services.terms import minimum_charges
from organisations.api.base import AdminGenericView
from organisations.api.serializers import OrganisationReference


class NewMinimumChargeSerializer(serializers.Serializer):
    organisation = OrganisationReference(help_text="null: every organisation without a minimum of its own.")
    amount = serializers.DecimalField(
        max_digits=MONEY_DIGITS,
        decimal_places=MONEY_PLACES,
        min_value=0,
        help_text="Of a whole month, before discounts and tax. 0 of an organisation: none.",
    )
    currency = serializers.CharField(max_length=3, validators=[validate_currency])
    sac = serializers.CharField(required=False, allow_blank=True, validators=[validate_sac])
    effective_from = serializers.DateField(validators=[validate_business_date])
    effective_to = serializers.DateField(
        required=False, allow_null=True, validators=[validate_business_date], help_text="First day it does not hold."
    )


class ChangedMinimumChargeSerializer(NewMinimumChargeSerializer):
    organisation = None  # type: ignore[assignment]  # a minimum stays with its customer


class MinimumChargeSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id", allow_null=True)
    amount = MoneyText()
    currency = serializers.CharField()
    sac = serializers.CharField()
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class MinimumChargeList(ListModelMixin, AdminGenericView):
    """The minimums of the key's organisations, and the global ones."""

    queryset = MinimumCharge.objects.all()
    serializer_class = MinimumChargeSerializer
    filterset_class = MinimumChargeParameters
    permission_required = {"GET": "invoicing.view_minimumcharge", "POST": "invoicing.add_minimumcharge"}

    @extend_schema(tags=["fees and discounts"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(
        tags=["fees and discounts"], request=NewMinimumChargeSerializer, responses={201: MinimumChargeSerializer}
    )
    def post(self, request: Request) -> Response:
        values = validated(NewMinimumChargeSerializer, request)
        if values["organisation"] is not None:
            values["organisation"] = self.organisation(values["organisation"].pk)
        # a global minimum is for those whose role covers every organisation
        self.check_object_permissions(request, MinimumCharge(organisation=values["organisation"]))
        minimum = minimum_charges.add_minimum_charge(**values)
        return Response(self.get_serializer(minimum).data, status=201)


class MinimumChargeDetail(AdminGenericView):
    """One minimum. On an issued invoice it can only be ended: PATCH `effective_to`."""

    serializer_class = MinimumChargeSerializer
    permission_required = {
        "GET": "invoicing.view_minimumcharge",
        "PATCH": "invoicing.change_minimumcharge",
        "DELETE": "invoicing.delete_minimumcharge",
    }

    def lock_first(self) -> None:
        lock_prices(to_change_them=True)

    def minimum(self, minimum_id: UUID) -> MinimumCharge:
        found: MinimumCharge = self.find(MinimumCharge.objects.all(), pk=minimum_id)
        return found

    @extend_schema(tags=["fees and discounts"])
    def get(self, request: Request, minimum_id: UUID) -> Response:
        return Response(self.get_serializer(self.minimum(minimum_id)).data)

    @extend_schema(tags=["fees and discounts"], request=ChangedMinimumChargeSerializer)
    def patch(self, request: Request, minimum_id: UUID) -> Response:
        minimum = self.minimum(minimum_id)
        changes = validated(ChangedMinimumChargeSerializer, request, change_of=minimum)
        changed = minimum_charges.update_minimum_charge(minimum_id=minimum.pk, **changes)
        return Response(self.get_serializer(changed).data)

    @extend_schema(tags=["fees and discounts"], responses={204: None})
    def delete(self, request: Request, minimum_id: UUID) -> Response:
        minimum_charges.delete_minimum_charge(minimum_id=self.minimum(minimum_id).pk)
        return Response(status=204)
