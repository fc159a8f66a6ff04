"""How much of a metric was used in some days of an organisation, by hour, day or month and by project or dimension.

What counts is when usage happened, on the organisation's clock; in which month it is billed is said beside it. A
*meter* is one project, metric and combination of dimensions. Within a meter and a span, a sum adds up, a count counts,
`max` takes the greatest value, `latest` the newest and `unique` the number of different values; several meters are
added up. So a span's quantity is not always the sum of its hours: it is asked for beside them, in the same statement.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.periods import BillingPeriod, start_of_day
from events.models import Metric, UsageCorrection, UsagePeriod
from organisations.models import Organisation, Project

AN_HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)
MOST_SERIES = 8
"""Further ones are shown together: a chart of more colours says nothing."""


class Grain(StrEnum):
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


LONGEST = {Grain.HOUR: 14, Grain.DAY: 366, Grain.MONTH: 3660}
"""Days that one report covers, so that no address asks for a million rows."""

LONGEST_DISTINCT = 31
LONGEST_OF_EVERYTHING = 93
"""Fewer days where different values are told apart, or all metrics laid side by side: that reads every value."""


@dataclass(frozen=True, slots=True)
class Span:
    """Local days of an organisation, half-open: `after` is the first one that no longer counts."""

    organisation: Organisation
    first: date
    after: date

    @property
    def start(self) -> datetime:
        return start_of_day(self.first, self.organisation.zone)

    @property
    def end(self) -> datetime:
        return start_of_day(self.after, self.organisation.zone)

    @property
    def days(self) -> int:
        return (self.after - self.first).days


@dataclass(frozen=True, slots=True)
class Question:
    """What to report. `split` is empty, "project", or the key of a dimension written as "dimension:region"."""

    span: Span
    metric: Metric
    grain: Grain = Grain.DAY
    project: Project | None = None
    dimensions: tuple[tuple[str, str], ...] = ()
    split: str = ""

    @property
    def split_key(self) -> str:
        """The dimension that the report is split by, if it is one."""
        return self.split.partition(":")[2]


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

    billed_in: date
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


_BUCKET = {
    Grain.HOUR: "hour",
    Grain.DAY: "(hour AT TIME ZONE %(zone)s)::date",
    Grain.MONTH: "date_trunc('month', hour AT TIME ZONE %(zone)s)::date",
}
_CHOSEN = """
    organisation_id = %(organisation)s AND project_id = ANY (%(projects)s) AND metric_id = ANY (%(metrics)s)
    AND usage_month = ANY (%(months)s) AND hour >= %(start)s AND hour < %(end)s AND dimensions @> %(dimensions)s::jsonb
"""
_QUANTITY = {
    Metric.Aggregation.SUM: "sum(total)",
    Metric.Aggregation.COUNT: "sum(event_count)",
    Metric.Aggregation.MAX: "coalesce(max(maximum), 0)",
    Metric.Aggregation.LATEST: "coalesce((max(latest))[4], 0)",
    Metric.Aggregation.UNIQUE: "0",  # is in a table of its own
}


def report(question: Question, *, most_series: int | None = MOST_SERIES) -> Report:
    """The numbers. Raises InvalidInput, with a sentence, for more days than such a report covers."""
    parameters = _parameters(question) | {"most": most_series}
    with connection.cursor() as cursor:
        cursor.execute(_numbers_sql(question, parameters), parameters)
        rows = [(bucket and _start(question, bucket), *rest) for bucket, *rest in cursor.fetchall()]
        cursor.execute(_late_sql(question), parameters)
        late: defaultdict[datetime, list[LateUsage]] = defaultdict(list)
        for bucket, billed_in, event_count in cursor.fetchall():
            late[_start(question, bucket)].append(LateUsage(billed_in, event_count))
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
    parameters = _parameters(question) | {"dimensions": "{}", "keys": question.metric.dimensions, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT key, array_agg(DISTINCT value) FROM (
                SELECT DISTINCT dimensions FROM events_usageaggregate WHERE {_CHOSEN}
            ) AS meters, jsonb_each_text(dimensions)
            WHERE key = ANY (%(keys)s) GROUP BY key
            """,  # noqa: S608
            parameters,
        )
        found = {key: sorted(values)[:limit] for key, values in cursor.fetchall()}
    return {key: found.get(key, []) for key in question.metric.dimensions}


def used_metrics(span: Span, *, project: Project | None = None, metric_name: str = "") -> tuple[UsedMetric, ...]:
    """Everything that was used in a span, by project and metric: metrics of different units are never added up."""
    _refuse_longer(span, LONGEST_OF_EVERYTHING, "of every metric")
    metrics = Metric.objects.filter(organisation__isnull=True) | Metric.objects.filter(organisation=span.organisation)
    if metric_name:
        metrics = metrics.filter(name=metric_name)
    known = {metric.pk: metric for metric in metrics}
    names = {found.pk: found.name for found in _projects(span, project)}
    with connection.cursor() as cursor:
        parameters = _span_parameters(span, list(names), list(known))
        cursor.execute(_used_sql(parameters), parameters)
        rows = [
            UsedMetric(
                project_id, names[project_id], metric_id, metric.name, metric.unit, metric.aggregation, quantity, events
            )
            for project_id, metric_id, quantity, events in cursor.fetchall()
            if (metric := known[metric_id])
        ]
    return tuple(sorted(rows, key=lambda row: (row.project_name, row.project_id, row.metric_name, row.unit)))


def events_by_day(span: Span, *, project: Project | None = None) -> tuple[tuple[date, int], ...]:
    """Counted events per local day, days without any included."""
    metrics = Metric.objects.filter(organisation__isnull=True) | Metric.objects.filter(organisation=span.organisation)
    projects = [found.pk for found in _projects(span, project)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {_BUCKET[Grain.DAY]} AS day, sum(event_count)::bigint FROM events_usageaggregate
            WHERE {_CHOSEN} GROUP BY day
            """,  # noqa: S608
            _span_parameters(span, projects, list(metrics.values_list("pk", flat=True))),
        )
        counted = dict(cursor.fetchall())
    days = (span.first + timedelta(days=offset) for offset in range(span.days))
    return tuple((day, counted.get(day, 0)) for day in days)


def _used_sql(parameters: dict[str, Any]) -> str:
    hours = _hours_sql("metric_id", parameters)
    return f"""
        WITH hours (metric_id, project_id, dimensions, total, event_count, maximum, latest) AS ({hours}),
        meters AS (
            SELECT project_id, metric_id, sum(total) AS total, sum(event_count) AS event_count,
                max(maximum) AS maximum, max(latest) AS latest, 0 AS different
            FROM hours GROUP BY project_id, metric_id, dimensions
            UNION ALL
            SELECT project_id, metric_id, 0, 0, NULL, NULL, count(*) FROM (
                SELECT project_id, metric_id FROM events_usagedistinct WHERE {_CHOSEN}
                GROUP BY project_id, metric_id, dimensions, value HAVING sum(event_count) > 0
            ) AS seen GROUP BY project_id, metric_id
        )
        SELECT project_id, metric_id, coalesce(sum(CASE aggregation
                WHEN 'sum' THEN total WHEN 'count' THEN meters.event_count WHEN 'max' THEN maximum
                WHEN 'latest' THEN latest[4] ELSE different END), 0)::numeric, sum(meters.event_count)::bigint
        FROM meters JOIN events_metric ON events_metric.id = metric_id
        GROUP BY project_id, metric_id
    """  # noqa: S608


def _hours_sql(columns: str, parameters: dict[str, Any]) -> str:
    """The chosen hours of every meter. A closed month's aggregates keep the maximum and the newest value that it was
    closed with; in hours that were corrected since then, these come from what still stands in the ledger."""
    values = "total, event_count, maximum, latest"
    if not parameters["corrected"]:
        return f"SELECT {columns}, project_id, dimensions, {values} FROM events_usageaggregate WHERE {_CHOSEN}"  # noqa: S608
    return f"""
        SELECT {columns}, project_id, dimensions, total, event_count,
            CASE WHEN hour <> ALL (%(corrected)s) THEN maximum END,
            CASE WHEN hour <> ALL (%(corrected)s) THEN latest END
        FROM events_usageaggregate WHERE {_CHOSEN}
        UNION ALL
        SELECT {columns}, project_id, dimensions, 0, 0, quantity,
            ARRAY[extract(epoch FROM occurred_at), extract(epoch FROM received_at), "position", quantity]
        FROM events_usageevent l
        WHERE {_CHOSEN} AND hour = ANY (%(corrected)s) AND received_month >= %(received_from)s
            AND kind <> 'reversal' AND NOT EXISTS (
                SELECT FROM events_usagecorrection c
                WHERE c.organisation_id = l.organisation_id AND c.project_id = l.project_id
                    AND c.cancelled_event_id = l.event_id AND c.cancelled_received_month = l.received_month)
    """  # noqa: S608


def _numbers_sql(question: Question, parameters: dict[str, Any]) -> str:
    """Per bucket and series, and with no bucket for the whole span, what the meters add up to."""
    bucket, series = _BUCKET[question.grain], _series_sql(question)
    quantity = _QUANTITY[Metric.Aggregation(question.metric.aggregation)]
    hours = _hours_sql(f"{bucket} AS bucket, {series} AS series", parameters)
    distinct = _DISTINCT.format(bucket=bucket, series=series, chosen=_CHOSEN)
    return f"""
        WITH hours (bucket, series, project_id, dimensions, total, event_count, maximum, latest) AS ({hours}),
        meters AS (
            SELECT bucket, series, {quantity} AS quantity, sum(event_count) AS event_count FROM hours
            GROUP BY GROUPING SETS ((bucket, series, project_id, dimensions), (series, project_id, dimensions))
            {distinct if question.metric.aggregation == Metric.Aggregation.UNIQUE else ""}
        ),
        numbers AS (
            SELECT bucket, series, sum(quantity) AS quantity, sum(event_count) AS event_count
            FROM meters GROUP BY bucket, series
        ),
        places AS (
            SELECT series, least(row_number() OVER (ORDER BY quantity DESC, event_count DESC, series),
                %(most)s::int + 1) AS place
            FROM numbers WHERE bucket IS NULL
        )
        SELECT bucket, place, min(series::text), sum(quantity)::numeric, sum(event_count)::bigint
        FROM numbers JOIN places USING (series) GROUP BY bucket, place ORDER BY place
    """  # noqa: S608


_DISTINCT = """
    UNION ALL
    SELECT bucket, series, count(*), 0 FROM (
        SELECT bucket, series, project_id, dimensions FROM (
            SELECT {bucket} AS bucket, {series} AS series, project_id, dimensions, value, event_count
            FROM events_usagedistinct WHERE {chosen}
        ) AS values
        GROUP BY GROUPING SETS (
            (bucket, series, project_id, dimensions, value), (series, project_id, dimensions, value)
        )
        HAVING sum(event_count) > 0
    ) AS seen GROUP BY bucket, series
"""


def _late_sql(question: Question) -> str:
    bucket = _BUCKET[question.grain]
    return f"""
        SELECT {bucket} AS bucket, usage_month, sum(event_count)::bigint FROM events_usageaggregate
        WHERE {_CHOSEN} AND usage_month > {_BUCKET[Grain.MONTH]}
        GROUP BY bucket, usage_month HAVING sum(event_count) <> 0 ORDER BY bucket, usage_month
    """  # noqa: S608


def _series_sql(question: Question) -> str:
    """As JSON, in which a dimension that was not sent (null) differs from one that was sent empty."""
    if question.split == "project":
        return "to_jsonb(project_id)"
    return "coalesce(dimensions -> %(split_key)s, 'null')" if question.split else "'null'::jsonb"


def _parameters(question: Question) -> dict[str, Any]:
    span, most = question.span, LONGEST[question.grain]
    if question.metric.aggregation == Metric.Aggregation.UNIQUE:
        most = min(most, LONGEST_DISTINCT)
    _refuse_longer(span, most, f"of {question.metric.name} by {question.grain}")
    projects = [found.pk for found in _projects(span, question.project)]
    return _span_parameters(span, projects, [question.metric.pk]) | {
        "dimensions": json.dumps(dict(question.dimensions)),
        "split_key": question.split_key,
    }


def _refuse_longer(span: Span, most: int, what: str) -> None:
    if span.days > most:
        sentence = f"For usage {what}, choose at most {most} days; these are {span.days}."
        raise InvalidInput(sentence, details={"end": [sentence]})


def _span_parameters(span: Span, projects: Sequence[UUID], metrics: Sequence[UUID]) -> dict[str, Any]:
    """With the months spelt out, since both indexes have the hour behind them. No usage is billed before its month."""
    earliest = (span.first - A_DAY).replace(day=1)  # a day of grace, for a time zone that was changed
    months = UsagePeriod.objects.filter(organisation=span.organisation, month__gte=earliest)
    corrected = UsageCorrection.objects.filter(
        organisation=span.organisation,
        metric__in=metrics,
        metric__aggregation__in=[Metric.Aggregation.MAX, Metric.Aggregation.LATEST],
        is_late=True,
        hour__gte=span.start,
        hour__lt=span.end,
    )
    return {
        "organisation": span.organisation.pk,
        "projects": projects,
        "metrics": metrics,
        "months": list(months.values_list("month", flat=True)),
        "start": span.start,
        "end": span.end,
        "dimensions": "{}",
        "zone": span.organisation.time_zone,
        "corrected": list(corrected.values_list("hour", flat=True).distinct().order_by()),
        "received_from": earliest,  # nothing is received much before it happens
    }


def _projects(span: Span, project: Project | None) -> list[Project]:
    return [project] if project is not None else list(Project.objects.filter(organisation=span.organisation))


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
    day = span.first
    while day < span.after:
        yield start_of_day(day, span.organisation.zone)
        day = day + A_DAY if question.grain == Grain.DAY else BillingPeriod.of(day).end


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
