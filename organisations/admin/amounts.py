"""Fields for rules of issuing: amounts as people write them, and the choice between the seller's rule and one's own."""

from __future__ import annotations

from typing import Any

from django import forms

from billing_platform.lib.admin.inputs import Select, ShortDecimalField, Textarea
from billing_platform.lib.limits import MONEY_DIGITS, MONEY_PLACES
from billing_platform.lib.number_formats import NumberError, parse_decimal, short_text


class RuleAmountField(ShortDecimalField):
    """An amount of money."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=MONEY_DIGITS, decimal_places=MONEY_PLACES, **kwargs)


class SellersOrOwnField(forms.TypedChoiceField):
    """Yes or no for this customer, or as the seller has it."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("", "As the seller has it"), ("True", "Yes"), ("False", "No")]
        super().__init__(
            choices=choices, coerce=lambda value: value == "True", empty_value=None, required=False, **kwargs
        )
        self.widget = Select(choices=choices)


class AmountsField(forms.CharField):
    """Shows `{"INR": "500000"}` as "INR 500000", one currency a line, and gives such a dictionary. The model's
    validators look at currencies and amounts."""

    widget = Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=Textarea(attrs={"rows": 2}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{code} {amount}" for code, amount in value.items()) if isinstance(value, dict) else value

    def clean(self, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in super().clean(value).splitlines():
            code, _space, amount = line.strip().partition(" ")
            if not code:
                continue
            if code.upper() in found:
                raise forms.ValidationError(f"{code.upper()} stands twice.")
            try:
                found[code.upper()] = short_text(parse_decimal(amount.replace(",", ""), places=MONEY_PLACES))
            except NumberError as error:
                raise forms.ValidationError(f"“{line.strip()}”: {error}") from None
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
