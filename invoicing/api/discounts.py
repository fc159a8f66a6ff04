"""Endpoints of discounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import DecimalText, MoneyText
from billing_platform.lib.limits import (
    FEE_NAME_LENGTH,
    MAX_PERCENT,
    METRIC_NAME_LENGTH,
    MONEY_DIGITS,
    MONEY_PLACES,
    UNIT_LENGTH,
)
from billing_platform.lib.number_formats import money_text
from billing_platform.lib.validators import (
    validate_business_date,
    validate_currency,
    validate_line,
    validate_positive,
    validate_printed_line,
)
from invoicing.api.parameters import DiscountParameters
from invoicing.models import Discount, RecurringFee
from invoicing.selectors.terms import with_use
from invoicing.services.prices.billed_months import lock_prices
from invoicing.services.terms import discounts
from organisations.api.base import AdminGenericView


class NewDiscountSerializer(serializers.Serializer):
    """Either `percent` or `amount`; of one metric (`metric_name` and `unit`), one `recurring_fee`, or everything."""

    organisation = serializers.UUIDField()
    name = serializers.CharField(max_length=FEE_NAME_LENGTH, validators=[validate_printed_line])
    percent = serializers.DecimalField(
        max_digits=6, decimal_places=3, max_value=MAX_PERCENT, required=False, allow_null=True
    )
    amount = serializers.DecimalField(
        max_digits=MONEY_DIGITS,
        decimal_places=MONEY_PLACES,
        required=False,
        allow_null=True,
        validators=[validate_positive],
        help_text="Off each invoice, before tax.",
    )
    currency = serializers.CharField(
        max_length=3, required=False, validators=[validate_currency], help_text="Left out: the organisation's."
    )
    metric_name = serializers.CharField(
        max_length=METRIC_NAME_LENGTH, required=False, allow_blank=True, validators=[validate_line]
    )
    unit = serializers.CharField(max_length=UNIT_LENGTH, required=False, allow_blank=True, validators=[validate_line])
    recurring_fee = serializers.UUIDField(required=False, allow_null=True)
    times = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        allow_null=True,
        help_text="On how many invoices; 1 is once. null: on each.",
    )
    carries_remainder = serializers.BooleanField(
        required=False, help_text="Of an amount that is given once: what an invoice can't use is left for the next."
    )
    effective_from = serializers.DateField(validators=[validate_business_date])
    effective_to = serializers.DateField(
        required=False, allow_null=True, validators=[validate_business_date], help_text="First day it is not valid."
    )


class ChangedDiscountSerializer(NewDiscountSerializer):
    organisation = None  # type: ignore[assignment]  # a discount stays with its customer


class DiscountSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Discount.Kind.choices)
    percent = DecimalText(allow_null=True)
    amount = MoneyText()
    currency = serializers.CharField(help_text="Empty for a percentage.")
    metric_name = serializers.CharField()
    unit = serializers.CharField()
    recurring_fee = serializers.UUIDField(source="recurring_fee_id", allow_null=True)
    times = serializers.IntegerField(allow_null=True)
    carries_remainder = serializers.BooleanField()
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(allow_null=True)
    used_times = serializers.IntegerField(
        help_text="On how many issued invoices it is, without void ones and those whose month is billed anew."
    )
    used_amount = serializers.SerializerMethodField(help_text="What these invoices used of it, before tax.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_used_amount(self, discount: Any) -> str:
        return money_text(discount.used_amount, discount.currency or discount.organisation.currency)


class _DiscountView(AdminGenericView):
    serializer_class = DiscountSerializer

    def discount(self, discount_id: UUID) -> Discount:
        found: Discount = self.find(Discount.objects.all(), pk=discount_id)
        return found

    def shown(self, discount: Discount) -> dict[str, Any]:
        row = with_use(Discount.objects.filter(pk=discount.pk)).get()
        return dict(self.get_serializer(row).data)

    def with_fee(self, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("recurring_fee") is not None:
            values["recurring_fee"] = self.fee(values["recurring_fee"])
        return values

    def fee(self, fee_id: UUID) -> RecurringFee:
        found: RecurringFee = self.find(RecurringFee.objects.all(), pk=fee_id)
        return found


class DiscountList(ListModelMixin, _DiscountView):
    queryset = Discount.objects.all()
    filterset_class = DiscountParameters
    permission_required = {"GET": "invoicing.view_discount", "POST": "invoicing.add_discount"}

    def get_queryset(self) -> QuerySet[Any]:
        found: QuerySet[Any] = with_use(super().get_queryset())
        return found

    @extend_schema(tags=["fees and discounts"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=["fees and discounts"], request=NewDiscountSerializer, responses={201: DiscountSerializer})
    def post(self, request: Request) -> Response:
        values = self.with_fee(validated(NewDiscountSerializer, request))
        values["organisation"] = self.organisation(values["organisation"])
        return Response(self.shown(discounts.add_discount(**values)), status=201)


class DiscountDetail(_DiscountView):
    """One discount. Once an issued invoice used it, it can only be ended: PATCH `effective_to`."""

    permission_required = {
        "GET": "invoicing.view_discount",
        "PATCH": "invoicing.change_discount",
        "DELETE": "invoicing.delete_discount",
    }

    def lock_first(self) -> None:
        lock_prices(to_change_them=True)

    @extend_schema(tags=["fees and discounts"])
    def get(self, request: Request, discount_id: UUID) -> Response:
        return Response(self.shown(self.discount(discount_id)))

    @extend_schema(tags=["fees and discounts"], request=ChangedDiscountSerializer)
    def patch(self, request: Request, discount_id: UUID) -> Response:
        discount = self.discount(discount_id)
        changes = self.with_fee(validated(ChangedDiscountSerializer, request, change_of=discount))
        return Response(self.shown(discounts.update_discount(discount_id=discount.pk, **changes)))

    @extend_schema(tags=["fees and discounts"], responses={204: None})
    def delete(self, request: Request, discount_id: UUID) -> Response:
        discounts.delete_discount(discount_id=self.discount(discount_id).pk)
        return Response(status=204)
