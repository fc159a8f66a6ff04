"""How much of a metric was used in some days of an organisation, by hour, day or month and by project or dimension.

A report is about when usage happened, in the organisation's time zone; the month that bills it is shown beside it. A
*meter* is one project, metric and combination of dimensions. Within a meter and a span, a sum adds up, a count counts,
`max` takes the greatest value, `latest` the newest, `unique` the number of different values and `weighted_sum` the
level times its hours; several meters are added up. So a span's quantity is not always the sum of its hours: it is asked
for beside them, in the same statement.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod, start_of_day
from events.models import Metric
from events.usage.level_report import level_metrics, level_numbers, used_levels
from events.usage.metered import MetricKey
from events.usage.questions import (
    A_DAY,
    BUCKET,
    LONGEST_OF_EVERYTHING,
    Grain,
    Question,
    Span,
    first_days,
    parameters_of,
    parameters_of_spans,
    projects_of,
    refuse_longer,
    span_parameters,
)
from organisations.models import Project

_NUMBERS = {grain: query(__file__, "numbers", bucket=BUCKET[grain]) for grain in Grain}
_LATE = {grain: query(__file__, "late", bucket=BUCKET[grain], month=BUCKET[Grain.MONTH]) for grain in Grain}
_USED_METRICS = query(__file__, "used_metrics")
_DIMENSION_VALUES = query(__file__, "dimension_values")
_EVENTS_BY_DAY = query(__file__, "events_by_day", day=BUCKET[Grain.DAY])

AN_HOUR = timedelta(hours=1)
MOST_SERIES = 8
"""Further ones are shown together: a chart of more colours says nothing."""


@dataclass(frozen=True, slots=True)
class Cell:
    quantity: Decimal
    event_count: int


NOTHING = Cell(Decimal(0), 0)


@dataclass(frozen=True, slots=True)
class Series:
    """One value of what the report is split by: a project's id, a dimension's value, or None where it was not sent.

    `is_rest` marks the one that stands for all smaller ones.
    """

    key: str | None
    total: Cell
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class LateUsage:
    """Events of a bucket that are billed in a later month, because their own was closed already."""

    counted_in: date
    event_count: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """One hour, day or month, as instants; its cells stand in the order of the report's series."""

    start: datetime
    end: datetime
    cells: tuple[Cell, ...]
    total: Cell
    late: tuple[LateUsage, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Buckets without usage included, in order of time."""

    question: Question
    series: tuple[Series, ...]
    buckets: tuple[Bucket, ...]
    total: Cell


@dataclass(frozen=True, slots=True)
class UsedMetric:
    """What one project used of one metric in a span, all dimensions together."""

    project_id: UUID
    project_name: str
    metric_id: UUID
    metric_name: str
    unit: str
    aggregation: str
    quantity: Decimal
    event_count: int

    @property
    def metric(self) -> MetricKey:
        return self.metric_name, self.unit


def usage_report(question: Question, *, most_series: int | None = MOST_SERIES) -> Report:
    """The numbers. Raises InvalidInput, with a sentence, for more days than such a report covers."""
    parameters = parameters_of(question) | {"most": most_series}
    with connection.cursor() as cursor:
        if question.metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
            rows = level_numbers(question.span, parameters, list(_starts(question)))
        else:
            cursor.execute(_NUMBERS[question.grain], parameters)
            rows = [(bucket and _start(question, bucket), *rest) for bucket, *rest in cursor.fetchall()]
        cursor.execute(_LATE[question.grain], parameters)
        late: defaultdict[datetime, list[LateUsage]] = defaultdict(list)
        for bucket, counted_in, event_count in cursor.fetchall():
            late[_start(question, bucket)].append(LateUsage(counted_in, event_count))
    series, cells = _series_and_cells(rows, most_series)
    starts = sorted({*_starts(question), *late, *cells})
    ends = [*starts[1:], question.span.end]
    return Report(
        question=question,
        series=series,
        buckets=tuple(
            _bucket(start, end, cells.get(start, {}), len(series), late.get(start, ()))
            for start, end in zip(starts, ends, strict=True)
        ),
        total=_added(each.total for each in series),
    )


def in_pieces(question: Question) -> Iterator[Question]:
    """The same question day by day or month by month, so that a long export never holds much at once."""
    first, after = question.span.first, question.span.after
    while first < after:
        step = BillingPeriod.of(first).end if question.grain != Grain.HOUR else first + A_DAY
        piece = Span(question.span.organisation, first, min(step, after))
        yield Question(piece, question.metric, question.grain, question.project, question.dimensions, question.split)
        first = step


def dimension_values(question: Question, *, limit: int = 200) -> dict[str, list[str]]:
    """The values that occur in the span, by dimension, whichever of them are chosen."""
    parameters = parameters_of(question) | {"dimensions": "{}", "keys": question.metric.dimensions, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_DIMENSION_VALUES, parameters)
        found = {key: sorted(values)[:limit] for key, values in cursor.fetchall()}
    return {key: found.get(key, []) for key in question.metric.dimensions}


def used_metrics(span: Span, *, project: Project | None = None, metric_name: str = "") -> tuple[UsedMetric, ...]:
    """Everything that was used in a span, by project and metric: metrics of different units are never added up."""
    return used_in_spans([span], project=project, metric_name=metric_name)[0]


def used_in_spans(
    spans: Sequence[Span], *, project: Project | None = None, metric_name: str = ""
) -> list[tuple[UsedMetric, ...]]:
    """The same of several spans of one organisation."""
    organisation, metrics = spans[0].organisation, None
    for span in spans:
        refuse_longer(span, LONGEST_OF_EVERYTHING, "of every metric")
    if metric_name:
        own = Metric.objects.filter(Q(organisation=None) | Q(organisation=organisation), name=metric_name)
        metrics = list(own.values_list("pk", flat=True))
    names = {found.pk: found.name for found in projects_of(spans[0], project)}
    levels = level_metrics(organisation, metrics)
    return [
        _used(span, parameters, names, levels)
        for span, parameters in zip(spans, parameters_of_spans(spans, list(names), metrics), strict=True)
    ]


def _used(
    span: Span, parameters: dict[str, Any], names: Mapping[UUID, str], levels: list[UUID]
) -> tuple[UsedMetric, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_USED_METRICS, parameters)
        found = [*cursor.fetchall(), *used_levels(span, parameters, levels)]
    rows = [UsedMetric(project_id, names[project_id], metric_id, *used) for project_id, metric_id, *used in found]
    return tuple(sorted(rows, key=lambda row: (row.project_name, row.project_id, row.metric_name, row.unit)))


def events_by_day(span: Span, *, project: Project | None = None) -> tuple[tuple[date, int], ...]:
    """Counted events per local day, days without any included."""
    projects = [found.pk for found in projects_of(span, project)]
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS_BY_DAY, span_parameters(span, projects, None))
        counted = dict(cursor.fetchall())
    days = (span.first + timedelta(days=offset) for offset in range(span.days))
    return tuple((day, counted.get(day, 0)) for day in days)


def _start(question: Question, bucket: date | datetime) -> datetime:
    """A bucket of the database, an hour or a local day, as an instant."""
    if isinstance(bucket, datetime):
        return bucket
    return start_of_day(max(bucket, question.span.first), question.span.organisation.zone)


def _starts(question: Question) -> Iterator[datetime]:
    """Every bucket of the span. Hours are counted in UTC: a day of 23 or 25 has as many."""
    span = question.span
    if question.grain == Grain.HOUR:
        hours = (span.end - span.start) // AN_HOUR
        yield from (span.start + offset * AN_HOUR for offset in range(hours))
        return
    for day in first_days(span.first, span.after, question.grain):
        yield start_of_day(day, span.organisation.zone)


def _series_and_cells(
    rows: Sequence[Any], most: int | None
) -> tuple[tuple[Series, ...], dict[datetime, dict[int, Cell]]]:
    """Series in the order of their places, and the cells of each bucket by the number of their series."""
    series: list[Series] = []
    numbers: dict[int, int] = {}
    for bucket, place, key, quantity, event_count in rows:
        if bucket is None:
            numbers[place] = len(series)
            is_rest = most is not None and place > most
            series.append(Series(None if is_rest else json.loads(key), Cell(quantity, event_count), is_rest))
    cells: defaultdict[datetime, dict[int, Cell]] = defaultdict(dict)
    for bucket, place, _key, quantity, event_count in rows:
        if bucket is not None:
            cells[bucket][numbers[place]] = Cell(quantity, event_count)
    return tuple(series), dict(cells)


def _bucket(start: datetime, end: datetime, cells: dict[int, Cell], width: int, late: Sequence[LateUsage]) -> Bucket:
    filled = tuple(cells.get(number, NOTHING) for number in range(width))
    return Bucket(start.astimezone(UTC), end.astimezone(UTC), filled, _added(filled), tuple(late))


def _added(cells: Any) -> Cell:
    """Meters of different series: they add up, whatever the aggregation."""
    found = list(cells)
    return Cell(sum((cell.quantity for cell in found), Decimal(0)), sum(cell.event_count for cell in found))
