"""Money by month, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial

from django.utils.safestring import SafeString

from billing_platform.lib.admin.charts.columns import Column, axis_month, columns_chart
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod

MONTHS = 12


def last_months(today: date) -> list[date]:
    """The first days of the last twelve months, the running one last."""
    month, found = BillingPeriod.of(today), []
    for _month in range(MONTHS):
        found.append(month.start)
        month = month.previous()
    return found[::-1]


def money_by_month(title: str, months: Sequence[date], amounts: Mapping[date, Decimal], currency: str) -> SafeString:
    """A column for each month; one without an amount is empty."""
    shown = partial(format_money, currency=currency)
    columns = [
        Column(axis_month(month), (amounts.get(month, ZERO),), said=_said(month, amounts, shown)) for month in months
    ]
    return columns_chart(title, columns, shown=shown)


def _said(month: date, amounts: Mapping[date, Decimal], shown: partial[str]) -> str:
    return f"{month_text(BillingPeriod.of(month))}: {shown(amounts.get(month, ZERO))}"
