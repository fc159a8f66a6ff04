"""Endpoints of recurring fees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import MoneyText
from billing_platform.lib.limits import FEE_NAME_LENGTH, MONEY_DIGITS, MONEY_PLACES
from billing_platform.lib.validators import (
    validate_business_date,
    validate_currency,
    validate_positive,
    validate_printed_line,
    validate_sac,
)
from invoicing.api.parameters import RecurringFeeParameters
from invoicing.models import RecurringFee
from invoicing.services.prices.billed_months import lock_prices
from invoicing.services.terms import recurring_fees
from organisations.api.base import AdminGenericView
from organisations.models import Project


class NewRecurringFeeSerializer(serializers.Serializer):
    organisation = serializers.UUIDField()
    project = serializers.UUIDField(
        required=False, allow_null=True, help_text="The invoice names it. null: the organisation as a whole."
    )
    description = serializers.CharField(max_length=FEE_NAME_LENGTH, validators=[validate_printed_line])
    amount = serializers.DecimalField(
        max_digits=MONEY_DIGITS,
        decimal_places=MONEY_PLACES,
        validators=[validate_positive],
        help_text="Of a whole month, before tax.",
    )
    currency = serializers.CharField(
        max_length=3, required=False, validators=[validate_currency], help_text="Left out: the organisation's."
    )
    sac = serializers.CharField(required=False, allow_blank=True, validators=[validate_sac])
    effective_from = serializers.DateField(validators=[validate_business_date])
    effective_to = serializers.DateField(
        required=False, allow_null=True, validators=[validate_business_date], help_text="First day it is not due."
    )


class ChangedRecurringFeeSerializer(NewRecurringFeeSerializer):
    organisation = None  # type: ignore[assignment]  # a fee stays with its customer


class RecurringFeeSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    project = serializers.UUIDField(source="project_id", allow_null=True)
    description = serializers.CharField()
    amount = MoneyText()
    currency = serializers.CharField()
    sac = serializers.CharField()
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class _RecurringFeeView(AdminGenericView):
    serializer_class = RecurringFeeSerializer

    def fee(self, fee_id: UUID) -> RecurringFee:
        found: RecurringFee = self.find(RecurringFee.objects.all(), pk=fee_id)
        return found

    def with_project(self, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("project") is not None:
            values["project"] = self.project(values["project"])
        return values

    def project(self, project_id: UUID) -> Project:
        found: Project = self.find(Project.objects.all(), pk=project_id)
        return found


class RecurringFeeList(ListModelMixin, _RecurringFeeView):
    queryset = RecurringFee.objects.all()
    filterset_class = RecurringFeeParameters
    permission_required = {"GET": "invoicing.view_recurringfee", "POST": "invoicing.add_recurringfee"}

    @extend_schema(tags=["fees and discounts"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(
        tags=["fees and discounts"], request=NewRecurringFeeSerializer, responses={201: RecurringFeeSerializer}
    )
    def post(self, request: Request) -> Response:
        values = self.with_project(validated(NewRecurringFeeSerializer, request))
        values["organisation"] = self.organisation(values["organisation"])
        fee = recurring_fees.add_recurring_fee(**values)
        return Response(self.get_serializer(fee).data, status=201)


class RecurringFeeDetail(_RecurringFeeView):
    """One fee. On an issued invoice it can only be ended: PATCH `effective_to`."""

    permission_required = {
        "GET": "invoicing.view_recurringfee",
        "PATCH": "invoicing.change_recurringfee",
        "DELETE": "invoicing.delete_recurringfee",
    }

    def lock_first(self) -> None:
        lock_prices(to_change_them=True)

    @extend_schema(tags=["fees and discounts"])
    def get(self, request: Request, fee_id: UUID) -> Response:
        return Response(self.get_serializer(self.fee(fee_id)).data)

    @extend_schema(tags=["fees and discounts"], request=ChangedRecurringFeeSerializer)
    def patch(self, request: Request, fee_id: UUID) -> Response:
        fee = self.fee(fee_id)
        changes = self.with_project(validated(ChangedRecurringFeeSerializer, request, change_of=fee))
        changed = recurring_fees.update_recurring_fee(fee_id=fee.pk, **changes)
        return Response(self.get_serializer(changed).data)

    @extend_schema(tags=["fees and discounts"], responses={204: None})
    def delete(self, request: Request, fee_id: UUID) -> Response:
        recurring_fees.delete_recurring_fee(fee_id=self.fee(fee_id).pk)
        return Response(status=204)
