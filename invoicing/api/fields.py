"""Decimals as the contract writes them: text, without superfluous zeros; money with its currency's decimals."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Any

from rest_framework import serializers

from billing_platform.lib.numbers import money_text, short_text


class ShortDecimal(serializers.CharField):
    """A quantity or unit price: 0.0123, 1000."""

    def to_representation(self, value: Decimal) -> str:
        return short_text(value)


class MoneyText(serializers.CharField):
    """An attribute of the object in the object's currency: 1180.00."""

    def __init__(self, attribute: str, currency: str = "currency") -> None:
        self.attribute, self.currency = attribute, currency
        super().__init__(source="*", read_only=True)

    def to_representation(self, value: Any) -> str:
        return money_text(getattr(value, self.attribute), attrgetter(self.currency)(value))
