"""The portal's usage: each metric of a month by day, called as on invoices, as pictures, tables and a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from billing_platform.lib import clock
from billing_platform.lib.admin.charts.columns import Column, columns_chart
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import format_events, format_number, short_text
from billing_platform.lib.periods import BillingPeriod, PeriodError
from events.models import Metric
from events.selectors.metric_words import WordBook
from events.usage.metered import MetricWords
from events.usage.questions import Question, Span
from events.usage.report import Report, usage_report, used_metrics
from payments.customer.portal.access import Portal, portal_page

MONTHS = 13
MOST_METRICS = 30
COLUMNS = ("day", "metric", "unit", "quantity", "events")


@portal_page()
def usage(request: HttpRequest, portal: Portal) -> HttpResponseBase:
    now = BillingPeriod.containing(clock.now(), portal.organisation.zone)
    month = _asked(request, now)
    reports, count = _reports(portal, month)
    if request.GET.get("format") == "csv":
        return csv_response(f"usage-{month}", _rows(portal, reports))
    context = {
        "month": month_text(month),
        "chosen": str(month),
        "months": [(str(each), month_text(each)) for each in _months(now)],
        "metrics": _shown(portal, reports),
        "only_some": f"The first {len(reports)} of {count:,} metrics are shown." if len(reports) < count else "",
        "zone": portal.organisation.time_zone,
    }
    return portal.page(request, "portal/usage.html", context, at="portal_usage")


def _asked(request: HttpRequest, now: BillingPeriod) -> BillingPeriod:
    """What is no month, or none of the last year, is the month that runs."""
    try:
        month = BillingPeriod.parse(request.GET.get("month", ""))
    except PeriodError:
        return now
    return month if month in _months(now) else now


def _months(now: BillingPeriod) -> list[BillingPeriod]:
    found = [now]
    while len(found) < MONTHS:
        found.append(found[-1].previous())
    return found


def _reports(portal: Portal, month: BillingPeriod) -> tuple[list[Report], int]:
    """At most `MOST_METRICS`, and of how many they are."""
    span = Span(portal.organisation, month.start, month.end)
    used = dict.fromkeys(row.metric_id for row in used_metrics(span))
    metrics = Metric.objects.in_bulk(list(used)[:MOST_METRICS])
    return [usage_report(Question(span, metrics[pk])) for pk in used if pk in metrics], len(used)


def _days(portal: Portal, report: Report) -> Iterator[tuple[Any, Any]]:
    for bucket in report.buckets:
        yield bucket.start.astimezone(portal.organisation.zone).date(), bucket.total


def _shown(portal: Portal, reports: list[Report]) -> list[dict[str, Any]]:
    book = WordBook(portal.organisation)
    return [_metric(portal, report, book) for report in reports]


def _metric(portal: Portal, report: Report, book: WordBook) -> dict[str, Any]:
    metric = report.question.metric
    words = book.words(metric.name, metric.unit).counted_by(metric.aggregation)
    days = list(_days(portal, report))
    columns = [Column(f"{day.day} {day:%b}", (cell.quantity,)) for day, cell in days]
    return {
        "name": words.name,
        "units": words.many,
        "total": words.quantity_text(report.total.quantity),
        "events": format_events(report.total.event_count),
        "chart": columns_chart(f"{words.name} by day", columns, shown=format_number),
        "rows": [
            (day_text(day), format_number(cell.quantity), format_number(cell.event_count))
            for day, cell in days
            if cell.event_count
        ],
    }


def _rows(portal: Portal, reports: list[Report]) -> Iterator[tuple[Any, ...]]:
    """For programs: the name and the unit that events carry, a level's in unit-hours."""
    yield COLUMNS
    for report in reports:
        metric = report.question.metric
        unit = MetricWords.called(metric.name, metric.unit).counted_by(metric.aggregation).one
        for day, cell in _days(portal, report):
            yield day, metric.name, unit, short_text(cell.quantity), cell.event_count
