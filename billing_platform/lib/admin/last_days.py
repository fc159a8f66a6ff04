"""Ends of half-open spans in forms: stored as the first day after, typed and shown as the last day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms

_A_DAY = timedelta(days=1)


class LastDayField(forms.DateField):
    """Shows the last day, and gives the day after it."""

    def prepare_value(self, value: Any) -> Any:
        return value - _A_DAY if isinstance(value, date) else value

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is None:
            return None
        if day == date.max:
            raise forms.ValidationError("Choose an earlier day, or leave it empty for no end.")
        return day + _A_DAY

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
