"""Analytics of all customers that the user may see: events, and what was invoiced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.http import HttpRequest

from billing_platform.lib.admin.charts.bars import Bar, bars_chart
from billing_platform.lib.admin.charts.columns import Column, axis_day, axis_month, columns_chart
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_events, format_money, format_number
from billing_platform.lib.periods import BillingPeriod
from events.models import UsageAggregate
from events.usage import recent
from invoicing.admin.analytics.figures import Figure, change_text, percent_text
from invoicing.admin.analytics.form import MONTHS, MOST_METRICS, AnalyticsForm, analytics_address
from invoicing.models import Invoice
from invoicing.selectors.invoiced import invoiced_by_month, top_customers
from invoicing.services.analytics import change_in_percent
from organisations.operators_clock import operators_today
from organisations.scoping import Actor


def of_all(request: HttpRequest, form: AnalyticsForm) -> dict[str, Any]:
    user: Any = request.user
    today = operators_today()
    length = 90 if form.cleaned_data["span"] == "90" else 30
    daily = recent.daily_usage(actor=user, days=length)
    metrics = recent.events_by_metric(actor=user, days=length)
    months = _months_before(today)
    invoiced = invoiced_by_month(actor=user, months=months)
    events, before = sum(day.event_count for day in daily), sum(row.before for row in metrics)
    columns = [_column(day) for day in daily]
    return {
        "days": f"Last {length} days",
        "figures": [
            Figure("Events", (format_number(events),), change_text(events, before), list_address(UsageAggregate)),
            *_invoiced_figures(invoiced, today),
        ],
        "charts": [
            ("Events by day", columns_chart("Events by day, all customers", columns, shown=format_number)),
            *_invoiced_charts(invoiced, months),
        ],
        "metrics": bars_chart(
            "Events by metric",
            [
                Bar(
                    f"{row.name} ({row.unit})",
                    f"{format_events(row.events)}, {_short_change(row)}",
                    Decimal(row.events),
                )
                for row in metrics[:MOST_METRICS]
            ],
        )
        if metrics
        else "",
        "customers": [
            (currency, bars_chart(f"Most invoiced in {currency}", rows))
            for currency, rows in _top(user, months).items()
        ],
        "csv": form.address(format="csv"),
    }


def _column(day: recent.DailyUsage) -> Column:
    said = f"{day_text(day.day)}: {format_number(day.event_count)}"
    return Column(axis_day(day.day), (Decimal(day.event_count),), said=said)


def _short_change(row: recent.MetricEvents) -> str:
    change = change_in_percent(row.events, row.before)
    return "new" if change is None else percent_text(change)


def _months_before(today: date) -> list[date]:
    """The last twelve whole months."""
    month, found = BillingPeriod.of(today), []
    for _month in range(MONTHS):
        month = month.previous()
        found.append(month.start)
    return found[::-1]


def _invoiced_figures(invoiced: Sequence[Any], today: date) -> Iterable[Figure]:
    last = BillingPeriod.of(today).previous()
    for currency in sorted({row.currency for row in invoiced}):
        by_month = {row.month: row for row in invoiced if row.currency == currency}
        row, past = by_month.get(last.start), by_month.get(last.previous().start)
        cost = row.cost if row else ZERO
        change = change_in_percent(cost, past.cost if past else ZERO)
        note = "nothing the month before" if change is None else f"{percent_text(change)} against the month before"
        url = _invoices_of(last.start)
        yield Figure(f"Invoiced for {month_text(last)}, before tax", (format_money(cost, currency),), note, url)


def _invoiced_charts(invoiced: Sequence[Any], months: Sequence[date]) -> Iterable[tuple[str, Any]]:
    for currency in sorted({row.currency for row in invoiced}):
        by_month = {row.month: row for row in invoiced if row.currency == currency}
        columns = [
            Column(
                axis_month(month),
                (cost,),
                _invoices_of(month) if cost else "",
                said=f"{month_text(month)}: {format_money(cost, currency)}",
            )
            for month, cost in ((month, by_month[month].cost if month in by_month else ZERO) for month in months)
        ]
        title = f"Invoiced by month, {currency}, before tax"
        yield title, columns_chart(title, columns, shown=partial(format_money, currency=currency))


def _invoices_of(month: date) -> str:
    return list_address(Invoice, period_start_from=month.isoformat(), period_start_to=month.isoformat())


def _top(user: Any, months: Sequence[date]) -> dict[str, list[Bar]]:
    found: dict[str, list[Bar]] = {}
    for row in top_customers(actor=user, months=months):
        url = analytics_address(organisation=row.organisation_id)
        found.setdefault(row.currency, []).append(Bar(row.name, format_money(row.cost, row.currency), row.cost, url))
    return found


def cells_of_all(actor: Actor) -> Iterator[tuple[Any, ...]]:
    yield ("metric_name", "unit", "events", "events_before")
    for row in recent.events_by_metric(actor=actor):
        yield (row.name, row.unit, row.events, row.before)
