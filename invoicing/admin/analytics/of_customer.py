"""Analytics of one customer: costs by the pricing engine, usage by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.urls import reverse

from billing_platform.lib import clock
from billing_platform.lib.admin.charts.bars import Bar, bars_chart
from billing_platform.lib.admin.charts.columns import Column, axis_day, axis_month, columns_chart
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_number, money_text, short_text
from billing_platform.lib.periods import BillingPeriod
from events.models import UsageAggregate
from events.selectors.metric_words import WordBook
from events.usage.questions import Grain
from invoicing.admin.analytics.figures import Figure, change_text
from invoicing.admin.analytics.form import A_DAY, MONTHS, MOST_METRICS, AnalyticsForm
from invoicing.lines import LineKind
from invoicing.models import Invoice
from invoicing.services.analytics import Asked, Bucket, Totals, cost_breakdown, summary, trends
from invoicing.services.costs import CostRow, CostState, MonthCost, Narrowed, costs_of
from organisations.models import Organisation, Project

_KINDS = {
    LineKind.RECURRING: "Recurring fees",
    LineKind.MINIMUM: "Minimum charge",
    LineKind.ONE_OFF: "Typed by hand",
}


def asked_of(form: AnalyticsForm, owner: Organisation) -> Asked:
    first, after = form.days(clock.today(owner.zone))
    return Asked(owner, first, after, form.cleaned_data["project"], form.cleaned_data["metric_name"])


def of_customer(form: AnalyticsForm, owner: Organisation) -> dict[str, Any]:
    """What the page shows. The costs of the last twelve months are read once."""
    asked, year = asked_of(form, owner), _year(owner)
    buckets = trends(asked, Grain.DAY, costs=year)
    by, _colon, dimension = form.cleaned_data["by"].partition(":")
    found = cost_breakdown(asked, by, dimension, costs=year)
    return {
        "owner": owner,
        "days": f"{day_text(asked.first)} to {day_text(asked.after - A_DAY)}",
        "figures": [*_figures(form, owner, asked, year), *_month_figures(owner, year)],
        "charts": [
            *_usage_charts(form, owner, asked, buckets),
            *((f"Costs by month, {currency}, before tax", chart) for currency, chart in _month_charts(owner, year)),
        ],
        "breakdown": _breakdown_rows(form, owner, found.rows, by),
        "breakdown_by": dict(form.costs_by)[form.cleaned_data["by"]],
        "totals": [format_money(row.cost, row.currency) for row in found.totals],
        "csv": form.address(format="csv"),
        "csv_days": form.address(format="csv", of="days"),
        "explorer_url": list_address(UsageAggregate, organisation=str(owner.pk)),
    }


def _year(owner: Organisation) -> tuple[MonthCost, ...]:
    """The last twelve months, the running one with its forecast."""
    today = clock.today(owner.zone)
    month = BillingPeriod.of(today)
    for _month in range(MONTHS - 1):
        month = month.previous()
    return costs_of(owner, Narrowed(month.start, today + A_DAY), with_forecast=True)


def _figures(form: AnalyticsForm, owner: Organisation, asked: Asked, year: Sequence[MonthCost]) -> Iterator[Figure]:
    """Events and costs of the days, against as many days before."""
    found = summary(asked, costs=year)
    now, before = found.totals, found.previous
    events = change_text(now.event_count, before.event_count)
    yield Figure("Events", (format_number(now.event_count),), events, _explorer(form, owner, asked.first, asked.after))
    mine = list_address(Invoice, organisation__id__exact=str(owner.pk))
    for currency, cost in (now.costs or {owner.currency: ZERO}).items():
        note = change_text(cost, before.costs.get(currency, ZERO))
        yield Figure("Cost of these days", (format_money(cost, currency),), note, mine)


def _month_figures(owner: Organisation, year: Sequence[MonthCost]) -> Iterator[Figure]:
    running = [month for month in year if month.state == CostState.SO_FAR][-1:]
    invoiced = [month for month in year if month.state == CostState.INVOICED][-1:]
    for month in running:
        forecast = month.forecast
        note = f"{format_money(forecast, month.currency)} by its end, probably" if forecast is not None else "so far"
        upcoming = reverse("admin:organisations_organisation_change", args=[owner.pk])
        cost = format_money(month.cost, month.currency)
        yield Figure(f"{month_text(month.period)} so far", (cost,), note, upcoming, "info")
    for month in invoiced:
        url = reverse("admin:invoicing_invoice_change", args=[month.invoice_id])
        cost = format_money(month.cost, month.currency)
        yield Figure(f"{month_text(month.period)}, invoiced", (cost,), f"{month.number}, before tax", url, "success")


def _explorer(form: AnalyticsForm, owner: Organisation, first: date, after: date) -> str:
    project = form.cleaned_data["project"]
    asked = {"organisation": str(owner.pk), "from": first.isoformat(), "to": (after - A_DAY).isoformat()}
    return list_address(UsageAggregate, **asked | ({"project": str(project.pk)} if project else {}))


def _usage_charts(
    form: AnalyticsForm, owner: Organisation, asked: Asked, buckets: Sequence[Bucket]
) -> Iterator[tuple[str, Any]]:
    """Events by day, or the quantity of the chosen metric in each of its units."""
    if not asked.metric_name:
        columns = [_day_column(form, owner, bucket, (Decimal(bucket.totals.event_count),)) for bucket in buckets]
        yield "Events by day", columns_chart("Events by day", columns, shown=format_number)
    book = WordBook(owner)
    for metric in sorted({row.metric for bucket in buckets for row in bucket.metrics if asked.metric_name}):
        words = book.words(*metric)
        quantities = [
            sum((row.quantity or ZERO for row in bucket.metrics if row.metric == metric), ZERO) for bucket in buckets
        ]
        columns = [
            _day_column(form, owner, bucket, (quantity,)) for bucket, quantity in zip(buckets, quantities, strict=True)
        ]
        title = f"{words.title} by day"
        yield title, columns_chart(title, columns, shown=format_number)


def _day_column(form: AnalyticsForm, owner: Organisation, bucket: Bucket, parts: tuple[Decimal, ...]) -> Column:
    totals: Totals = bucket.totals
    url = _explorer(form, owner, totals.first, totals.after) if totals.event_count else ""
    said = f"{day_text(totals.first)}: {format_number(sum(parts, ZERO))}"
    return Column(axis_day(totals.first), parts, url, said=said)


def _month_charts(owner: Organisation, year: Sequence[MonthCost]) -> Iterator[tuple[str, Any]]:
    for currency in sorted({month.currency for month in year}):
        columns = [_month_column(owner, month) for month in year if month.currency == currency]
        shown = partial(format_money, currency=currency)
        yield currency, columns_chart(f"Costs by month in {currency}, before tax", columns, shown=shown)


def _month_column(owner: Organisation, month: MonthCost) -> Column:
    name, cost = month_text(month.period), format_money(month.cost, month.currency)
    if month.invoice_id:
        url = reverse("admin:invoicing_invoice_change", args=[month.invoice_id])
        return Column(axis_month(month.period.start), (month.cost,), url, said=f"{name}: {cost}, invoiced")
    ahead = max((month.forecast or ZERO) - month.cost, ZERO)
    forecast = f", {format_money(month.forecast, month.currency)} expected" if month.forecast is not None else ""
    url = reverse("admin:organisations_organisation_change", args=[owner.pk])
    return Column(axis_month(month.period.start), (month.cost,), url, ahead, f"{name}: {cost} so far{forecast}")


def _breakdown_rows(form: AnalyticsForm, owner: Organisation, rows: Sequence[CostRow], by: str) -> Any:
    book = WordBook(owner)
    names = {str(pk): name for pk, name in Project.objects.filter(organisation=owner).values_list("pk", "name")}
    bars = [
        Bar(_row_name(row, by, book, names), format_money(row.cost, row.currency), row.cost, _row_url(form, row, by))
        for row in rows[:MOST_METRICS]
    ]
    rest = rows[MOST_METRICS:]
    bars += [
        Bar("Others", format_money(sum((row.cost for row in rest if row.currency == currency), ZERO), currency), ZERO)
        for currency in sorted({row.currency for row in rest})
    ]
    return bars_chart("Costs", bars) if bars else ""


def _row_name(row: CostRow, by: str, book: WordBook, projects: dict[str, str]) -> str:
    if by == "metric":
        kind, name, unit = row.key
        return book.words(name, unit).title if name else _KINDS.get(LineKind(kind), kind)
    if by == "project":
        return projects.get(row.key[0], "Of no project")
    return row.key[0] or "Not sent"


def _row_url(form: AnalyticsForm, row: CostRow, by: str) -> str:
    if by == "metric" and row.key[1]:
        return form.address(metric_name=row.key[1], by="project")
    if by == "project" and row.key[0]:
        return form.address(project=row.key[0], by="metric")
    return ""


def cells_of_customer(form: AnalyticsForm, owner: Organisation, of: str) -> Iterator[Sequence[Any]]:
    """A file: usage and costs of `days`, or the costs as they are broken down."""
    asked = asked_of(form, owner)
    if of == "days":
        return _day_cells(trends(asked, Grain.DAY))
    by, _colon, dimension = form.cleaned_data["by"].partition(":")
    return _cost_cells(owner, cost_breakdown(asked, by, dimension).rows, by)


def _day_cells(buckets: Iterable[Bucket]) -> Iterator[Sequence[Any]]:
    yield ("day", "metric_name", "unit", "quantity", "events", "costs")
    for bucket in buckets:
        for row in bucket.metrics:
            quantity = "" if row.quantity is None else short_text(row.quantity)
            costs = "; ".join(f"{money_text(cost, currency)} {currency}" for currency, cost in row.costs.items())
            yield (bucket.totals.first, *row.metric, quantity, row.event_count, costs)


def _cost_cells(owner: Organisation, rows: Iterable[CostRow], by: str) -> Iterator[Sequence[Any]]:
    book = WordBook(owner)
    names = {str(pk): name for pk, name in Project.objects.filter(organisation=owner).values_list("pk", "name")}
    yield (by, "currency", "amount", "discount", "cost")
    for row in rows:
        amounts = (money_text(amount, row.currency) for amount in (row.amount, row.discount, row.cost))
        yield (_row_name(row, by, book, names), row.currency, *amounts)
