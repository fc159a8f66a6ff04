"""The months an operator may pick: the ones that ended last, newest first."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from billing_platform.lib import clock
from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod

OFFERED = 13
EARLIEST_ZONE = ZoneInfo("Pacific/Kiritimati")
"""Where a month is over first."""


def recent_months() -> list[tuple[str, str]]:
    """The current month comes last: it ends earlier in some time zones, and the service checks this."""
    period = BillingPeriod.of(clock.now().date())
    months = [period]
    for _ in range(OFFERED - 1):
        period = period.previous()
        months.append(period)
    months = [*months[1:], months[0]]
    return [(str(month), month_text(month)) for month in months]


def ended_months() -> list[tuple[str, str]]:
    """Without the month that is not over for anybody yet."""
    *ended, running = recent_months()
    over_somewhere = BillingPeriod.parse(running[0]).bounds(EARLIEST_ZONE)[1] <= clock.now()
    return [running, *ended] if over_somewhere else ended


class MonthForm(ActionForm):
    month = forms.ChoiceField()
    offered = staticmethod(recent_months)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = self.offered()

    def clean_month(self) -> BillingPeriod:
        return BillingPeriod.parse(self.cleaned_data["month"])


class EndedMonthForm(MonthForm):
    """Choosing another month reloads the page, because its facts are about the chosen month."""

    month = forms.ChoiceField(widget=forms.Select(attrs={"data-asks-again": ""}))
    offered = staticmethod(ended_months)
