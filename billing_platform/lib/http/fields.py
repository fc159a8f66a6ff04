"""Decimals, money and months in JSON, as the contract writes them: text in answers, numbers or text in requests."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing_platform.lib.number_formats import money_text, short_text
from billing_platform.lib.periods import BillingPeriod, PeriodError


@extend_schema_field({"type": "string", "format": "decimal", "example": "0.0123"})
class DecimalText(serializers.Field[Any, Any, str, Any]):
    """A quantity, unit price or rate without superfluous zeros: "0.0123", "1000". Of a request it is taken as it is:
    whoever gets the value checks it."""

    def to_representation(self, value: Decimal) -> str:
        return short_text(value)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, str | int | Decimal):
            raise serializers.ValidationError("Write a number.")
        return data


@extend_schema_field({"type": "string", "format": "decimal", "example": "1180.00"})
class MoneyText(serializers.Field[Any, Any, str, Any]):
    """An amount of the object, rounded to the decimals of the object's currency: "1180.00". Only in answers.

    `currency` is the attribute that names the currency; it may lead to another object: "invoice.currency".
    """

    def __init__(self, *, currency: str = "currency", **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)
        self.currency_of = attrgetter(currency)

    def get_attribute(self, instance: Any) -> str | None:
        amount = super().get_attribute(instance)
        return None if amount is None else money_text(amount, self.currency_of(instance))

    def to_representation(self, value: str) -> str:
        return value


class MonthField(serializers.CharField):
    """A month, 2026-10: a BillingPeriod of a request, its first day (a date) of an object that is shown."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return BillingPeriod.parse(super().to_internal_value(data))
        except PeriodError as error:
            raise serializers.ValidationError(str(error)) from None

    def to_representation(self, value: Any) -> str:
        return str(BillingPeriod.of(value))
