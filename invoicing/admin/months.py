"""The months an operator may pick: the ones that ended last, newest first."""

from __future__ import annotations

from typing import Any

from django import forms

from billing_platform.lib import clock
from billing_platform.lib.admin import ActionForm
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod

OFFERED = 13


def recent_months() -> list[tuple[str, str]]:
    """This month last: it is over earlier in some time zones, and the service knows."""
    period = BillingPeriod.of(clock.now().date())
    months = [period]
    for _ in range(OFFERED - 1):
        period = period.previous()
        months.append(period)
    months = [*months[1:], months[0]]
    return [(str(month), month_text(month)) for month in months]


class MonthForm(ActionForm):
    month = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = recent_months()

    def clean_month(self) -> BillingPeriod:
        return BillingPeriod.parse(self.cleaned_data["month"])
