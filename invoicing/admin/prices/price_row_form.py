"""The price form of one row of a price list: the same checks, against what was read once for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from invoicing.admin.prices.price_form import PriceForm
from invoicing.models import PricingRule
from invoicing.services.prices.price_list import PriceList
from organisations.models import Organisation


class CustomerField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic to mypy only
    """One of the customers that were read, by key."""

    def __init__(self, customers: Mapping[str, Organisation]) -> None:
        super().__init__(queryset=Organisation.objects.none(), required=False)
        self.customers = customers

    def to_python(self, value: Any) -> Organisation | None:
        if not value:
            return None
        try:
            return self.customers[value]
        except KeyError:
            raise ValidationError("There is no such customer.") from None


class PriceRowForm(PriceForm):
    """`rule` is the rule that the row changes, as the list has it by now; None for a new price."""

    def __init__(
        self, sent: Mapping[str, Any], *, rule: PricingRule | None, prices: PriceList, customers: Mapping[str, Any]
    ) -> None:
        self.rule, self.prices, self.around = rule, prices, prices.around
        super().__init__(sent, instance=copy(rule))
        self.fields["organisation"] = CustomerField(customers)
        self.instance.checked_with_others = True

    def _before(self) -> PricingRule | None:
        return self.rule

    def _get_validation_exclusions(self) -> set[str]:
        """The customer was read, so nobody has to ask for it once more."""
        return {*super()._get_validation_exclusions(), "organisation"}  # type: ignore[misc]  # not among Django's types

    def validate_unique(self) -> None:
        """A new key is random, and a stored one known."""

    def save_by_service(self) -> PricingRule:
        if self.rule is None:
            return self.prices.add(price=self.body, **self.columns())
        price = self.body if self.changes_the_price() else None
        return self.prices.change(rule=self.rule, price=price, **self.columns())
