"""The usage explorer's page: bars and a table of the same numbers, each linked to its events."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from billing_platform.lib.admin.charts.columns import Column, axis_day, axis_month, columns_chart
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.dates_in_words import day_text, month_text, time_text
from billing_platform.lib.number_formats import format_events, format_number, short_text
from events.admin.explorer_form import ExplorerForm
from events.admin.ledger_list import span_text
from events.models import Metric
from events.selectors.metric_words import WordBook
from events.usage import recent
from events.usage.metered import MetricWords
from events.usage.questions import Grain, Question, Span
from events.usage.report import (
    NOTHING,
    Bucket,
    Cell,
    Report,
    Series,
    UsedMetric,
    dimension_values,
    events_by_day,
    in_pieces,
    usage_report,
    used_metrics,
)
from organisations.models import Project

MOST_ORGANISATIONS = 50
LINES_OF_A_PAGE = 100
REST = "Others"
FINER = {Grain.MONTH: Grain.DAY, Grain.DAY: Grain.HOUR}
NOT_ADDED = {
    Metric.Aggregation.MAX: "The greatest value of the whole time, per project and combination of dimensions.",
    Metric.Aggregation.LATEST: "The newest value of the whole time, per project and combination of dimensions.",
    Metric.Aggregation.UNIQUE: "Different values of the whole time, per project and combination of dimensions.",
    Metric.Aggregation.WEIGHTED_SUM: "The level, carried over from earlier days, times the hours that it lasted. An "
    "hour counts when it is over.",
}


@dataclass(frozen=True)
class Answer:
    """The report of one metric, or the usage of every metric."""

    span: Span
    report: Report | None = None
    metrics: tuple[UsedMetric, ...] = ()
    days: tuple[tuple[date, int], ...] = ()

    @classmethod
    def to(cls, form: ExplorerForm) -> Answer:
        question = form.question
        if question is not None:
            form.suggest(dimension_values(question))
            return cls(question.span, report=usage_report(question))
        span, project = form.span, form.cleaned_data["project"]
        return cls(
            span,
            metrics=used_metrics(span, project=project),
            days=events_by_day(span, project=project),
        )


@dataclass(frozen=True)
class Shown:
    """A number, linked to the hours or events that add up to it, if there is such a page."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Line:
    label: Shown
    cells: tuple[Shown, ...]
    note: str = ""


@dataclass(frozen=True)
class Page:
    heading: str
    total: str
    picture: SafeString
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    footer: Line | None
    footnote: str = ""
    earlier: str = ""
    later: str = ""
    csv_url: str = ""

    @property
    def has_notes(self) -> bool:
        return any(line.note for line in self.lines)


def page_of(form: ExplorerForm, answer: Answer) -> Page:
    return _overview(form, answer) if answer.report is None else _metric_page(form, answer.report)


def organisations_of(request: HttpRequest, form: ExplorerForm) -> list[dict[str, Any]]:
    """Whom the user may choose, by their live usage of the last 30 days; those without any after them."""
    user: Any = request.user
    counted = recent.events_by_customer(actor=user)
    known = dict(form.organisations.values_list("pk", "name"))
    busiest = sorted(known, key=lambda pk: (-counted.get(pk, 0), known[pk]))[:MOST_ORGANISATIONS]
    return [
        {"name": known[pk], "events": f"{counted.get(pk, 0):,}", "url": form.address(organisation=pk)} for pk in busiest
    ]


def csv_rows(form: ExplorerForm, answer: Answer) -> Iterator[Sequence[Any]]:
    """The table of the page, whole: of every metric, or of one."""
    return _metrics_in_csv(form, answer) if answer.report is None else _metric_in_csv(answer.report.question)


def _metrics_in_csv(form: ExplorerForm, answer: Answer) -> Iterator[Sequence[Any]]:
    """A line for each metric that was used in the whole time, the most used first."""
    owner = answer.span.organisation
    span = [moment.astimezone(owner.zone).isoformat() for moment in (answer.span.start, answer.span.end)]
    yield ("organisation", "metric", "unit", "aggregation", "time_zone", "from", "to", "quantity", "events")
    for rows in _by_metric(form, answer):
        first, (quantity, count) = rows[0], _sums(rows)
        about = (owner.name, first.metric_name, first.unit, first.aggregation, owner.zone.key)
        yield (*about, *span, short_text(quantity), count)


def _metric_in_csv(question: Question) -> Iterator[Sequence[Any]]:
    """The table in long form: a line for each hour, day or month and each value it is broken down by."""
    metric, zone = question.metric, question.span.organisation.zone
    by_project = question.split == "project"
    split = ("project", "project_id") if by_project else tuple(filter(None, [question.split_key]))
    yield ("organisation", "metric", "unit", "aggregation", "time_zone", "from", "to", *split, "quantity", "events")
    about = (question.span.organisation.name, metric.name, metric.unit, metric.aggregation, zone.key)
    for piece in in_pieces(question):
        report = usage_report(piece, most_series=None)
        names = _names(report)
        for bucket in report.buckets:
            span = [moment.astimezone(zone).isoformat() for moment in (bucket.start, bucket.end)]
            for series, cell in zip(report.series, bucket.cells, strict=True):
                if cell != NOTHING:
                    broken_down = (names[series], series.key)[: len(split)]
                    yield (*about, *span, *broken_down, short_text(cell.quantity), cell.event_count)


def _by_metric(form: ExplorerForm, answer: Answer) -> list[list[UsedMetric]]:
    """The projects' usage of each metric found, the metric with most events first."""
    by_metric: defaultdict[UUID, list[UsedMetric]] = defaultdict(list)
    for row in answer.metrics:
        by_metric[row.metric_id].append(row)
    used = sorted(by_metric.values(), key=lambda rows: (-_sums(rows)[1], rows[0].metric_name))
    find = form.cleaned_data.get("find", "").casefold()
    return [rows for rows in used if find in rows[0].metric_name.casefold()]


def _sums(rows: Sequence[UsedMetric]) -> tuple[Decimal, int]:
    """Quantity and events of one metric, all projects together."""
    return sum((row.quantity for row in rows), Decimal(0)), sum(row.event_count for row in rows)


def _overview(form: ExplorerForm, answer: Answer) -> Page:
    found, first = _by_metric(form, answer), (form.page - 1) * LINES_OF_A_PAGE
    shown = found[first : first + LINES_OF_A_PAGE]
    total = sum(row.event_count for row in answer.metrics)
    book = WordBook(answer.span.organisation)
    return Page(
        heading="Events per day",
        total=format_events(total),
        picture=columns_chart(
            "Events per day", [_day_column(form, answer.span, *each) for each in answer.days], shown=format_number
        ),
        columns=("Metric", "Quantity", "Events"),
        lines=tuple(_metric_line(form, answer.span, rows, book) for rows in shown),
        footer=None,
        footnote=_which(len(found), first, len(shown)),
        earlier=form.address(page=form.page - 1) if first else "",
        later=form.address(page=form.page + 1) if first + len(shown) < len(found) else "",
        csv_url=form.address(format="csv") if found else "",
    )


def _which(found: int, first: int, shown: int) -> str:
    """Which of the metrics a page shows, where they don't fit on one."""
    if not shown:
        return "No metric of that name was used in these days." if not found else "There are no more metrics."
    return f"Metrics {first + 1:,} to {first + shown:,} of {found:,}, by events." if shown < found else ""


def _metric_line(form: ExplorerForm, span: Span, rows: Sequence[UsedMetric], book: WordBook) -> Line:
    first, (quantity, count) = rows[0], _sums(rows)
    words = book.words(first.metric_name, first.unit).counted_by(first.aggregation)
    ledger = _ledger(span, first.metric_id, form.cleaned_data["project"], span.start, span.end, {})
    return Line(
        Shown(words.name, form.address(metric=first.metric_id)),
        (Shown(words.quantity_text(quantity)), Shown(f"{count:,}", ledger)),
    )


def _metric_page(form: ExplorerForm, report: Report) -> Page:
    question, names = report.question, _names(report)
    split = bool(question.split)
    columns = tuple(names[series] for series in report.series) if split else ()
    words = _words(question)
    heading = f"{words.name} by {question.grain}"
    return Page(
        heading=heading,
        total=words.quantity_text(report.total.quantity),
        picture=columns_chart(heading, _columns(form, report), shown=words.quantity_text, series=columns),
        columns=(question.grain.capitalize(), *columns, *(["Total"] if split else ["Quantity"]), "Events"),
        lines=tuple(_line(form, report, bucket) for bucket in report.buckets if bucket.total != NOTHING or bucket.late),
        footer=Line(
            Shown("Whole time"),
            _cells(
                report, [series.total for series in report.series], report.total, question.span.start, question.span.end
            ),
        ),
        footnote=NOT_ADDED.get(Metric.Aggregation(question.metric.aggregation), ""),
        csv_url=form.address(format="csv"),
    )


def _line(form: ExplorerForm, report: Report, bucket: Bucket) -> Line:
    late = ", ".join(
        f"{format_events(late.event_count)} billed in {month_text(late.counted_in)}" for late in bucket.late
    )
    return Line(
        Shown(_label(report.question, bucket.start), _finer_url(form, report.question, bucket)),
        _cells(report, bucket.cells, bucket.total, bucket.start, bucket.end),
        f"Late: {late}" if late else "",
    )


def _finer_url(form: ExplorerForm, question: Question, bucket: Bucket) -> str:
    """The days of a month, or the hours of a day; an hour is not cut further."""
    if question.grain not in FINER:
        return ""
    zone = question.span.organisation.zone
    first, last = bucket.start.astimezone(zone).date(), (bucket.end - timedelta(seconds=1)).astimezone(zone).date()
    return form.address(**{"from": first.isoformat(), "to": last.isoformat(), "by": FINER[question.grain].value})


def _cells(report: Report, cells: Sequence[Cell], total: Cell, start: datetime, end: datetime) -> tuple[Shown, ...]:
    """The cells of a line: its groups, if the report is grouped, then its total and its number of events."""
    question = report.question

    def shown(cell: Cell, series: Series | None) -> Shown:
        if cell == NOTHING:
            return Shown(EMPTY)
        return Shown(format_number(cell.quantity), _events_url(question, series, start, end))

    broken_down = [shown(cell, series) for cell, series in zip(cells, report.series, strict=True)]
    return (
        *(broken_down if question.split else ()),
        shown(total, None),
        Shown(f"{total.event_count:,}"),
    )


def _events_url(question: Question, series: Series | None, start: datetime, end: datetime) -> str:
    """The address of the ledger's events behind a number; none for a number that combines several groups."""
    project: Any = question.project
    dimensions: dict[str, str | None] = dict(question.dimensions)
    if series is not None:
        if series.is_rest:
            return ""
        if question.split == "project":
            project = UUID(series.key or "")
        elif question.split:
            dimensions[question.split_key] = series.key
    return _ledger(question.span, question.metric.pk, project, start, end, dimensions)


def _ledger(
    span: Span, metric: UUID, project: Any, start: datetime, end: datetime, dimensions: dict[str, str | None]
) -> str:
    zone = span.organisation.zone
    query = {
        "organisation__id__exact": span.organisation.pk,
        "project__id__exact": getattr(project, "pk", project),
        "metric__id__exact": metric,
        "happened": span_text(start.astimezone(zone), end.astimezone(zone)),
        "dimensions": json.dumps(dimensions) if dimensions else None,
    }
    chosen = {name: value for name, value in query.items() if value is not None}
    return f"{reverse('admin:events_usageevent_changelist')}?{urlencode(chosen)}"


def _day_column(form: ExplorerForm, span: Span, day: date, count: int) -> Column:
    url = form.address(**{"from": day.isoformat(), "to": day.isoformat()}) if count and span.days > 1 else ""
    return Column(axis_day(day), (Decimal(count),), url, said=f"{_weekday(day)}: {format_events(count)}")


def _columns(form: ExplorerForm, report: Report) -> list[Column]:
    """A column for each bucket, its parts in the order of the series, and the way to its hours or events."""
    question, words = report.question, _words(report.question)

    def url(bucket: Bucket) -> str:
        if bucket.total == NOTHING:
            return ""
        return _finer_url(form, question, bucket) or _events_url(question, None, bucket.start, bucket.end)

    return [
        Column(
            _axis_name(question, bucket.start),
            tuple(cell.quantity for cell in bucket.cells),
            url(bucket),
            said=f"{_label(question, bucket.start)}: {words.quantity_text(bucket.total.quantity)}",
        )
        for bucket in report.buckets
    ]


def _axis_name(question: Question, start: datetime) -> str:
    local = start.astimezone(question.span.organisation.zone)
    if question.grain == Grain.MONTH:
        return axis_month(local)
    return axis_day(local) if question.grain == Grain.DAY else f"{axis_day(local)}, {local:%H:%M}"


def _label(question: Question, start: datetime) -> str:
    """On the organisation's clock; with its offset where the clocks change within the span."""
    span, zone = question.span, question.span.organisation.zone
    local = start.astimezone(zone)
    if question.grain == Grain.MONTH:
        return month_text(local)
    if question.grain == Grain.DAY:
        return _weekday(local)
    changes = span.start.astimezone(zone).utcoffset() != span.end.astimezone(zone).utcoffset()
    return time_text(start, zone) if changes else f"{day_text(local)}, {local:%H:%M}"


def _weekday(day: date) -> str:
    return f"{day:%a} {day_text(day)}"


def _names(report: Report) -> dict[Series, str]:
    """The names of the series: a project's name, or a dimension's value."""
    projects = {}
    if report.question.split == "project":
        projects = {
            str(pk): name
            for pk, name in Project.objects.filter(organisation=report.question.span.organisation).values_list(
                "pk", "name"
            )
        }
    return {
        series: REST if series.is_rest else projects.get(series.key or "", series.key) or EMPTY
        for series in report.series
    }


def _words(question: Question) -> MetricWords:
    words = WordBook(question.span.organisation).words(question.metric.name, question.metric.unit)
    return words.counted_by(question.metric.aggregation)
