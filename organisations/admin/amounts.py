"""Amounts in several currencies, typed as text: a currency and an amount in each line."""

from __future__ import annotations

from typing import Any

from django import forms

from billing_platform.lib.admin.base import Textarea
from billing_platform.lib.limits import MONEY_PLACES
from billing_platform.lib.number_formats import NumberError, parse_decimal, short_text


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
