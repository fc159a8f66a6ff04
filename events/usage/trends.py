"""How much was used of every metric, day by day, week by week or month by month: the numbers behind charts.

Days are those of the customer's time zone; a week begins on Monday (ISO 8601). Five statements, however many metrics
and buckets there are. Test projects are left out unless one is asked for by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import local_date, start_of_day
from events.models import Metric
from events.usage.level_report import level_metrics, level_numbers
from events.usage.metered import MetricKey
from events.usage.questions import (
    BUCKET,
    Grain,
    Span,
    first_days,
    next_bucket,
    projects_of,
    refuse_longer,
    span_parameters,
)
from organisations.models import Project

GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH)
LONGEST_TREND = {Grain.DAY: 93, Grain.WEEK: 366, Grain.MONTH: 366}
"""Days that one answer covers."""
LONGEST_WITH_UNIQUE = 93
"""Beyond as many days, `unique` metrics have no quantity: every different value would have to be read."""

_TRENDS = {grain: query(__file__, "trends", bucket=BUCKET[grain]) for grain in GRAINS}


@dataclass(frozen=True, slots=True)
class MetricTrend:
    """One metric in the days `[first, after)` of a bucket. `quantity` is None of a `unique` metric in a long span."""

    first: date
    after: date
    metric: MetricKey
    aggregation: str
    quantity: Decimal | None
    event_count: int


def usage_trends(
    span: Span, grain: Grain, *, project: Project | None = None, metric_name: str = ""
) -> tuple[MetricTrend, ...]:
    """In order of time and metric; buckets without usage are left out. Raises InvalidInput for too many days."""
    refuse_longer(span, LONGEST_TREND[grain], f"by {grain}")
    metrics = None
    if metric_name:
        own = Metric.objects.filter(Q(organisation=None) | Q(organisation=span.organisation), name=metric_name)
        metrics = list(own.values_list("pk", flat=True))
    with_unique = span.days <= LONGEST_WITH_UNIQUE
    parameters = span_parameters(span, [found.pk for found in projects_of(span, project)], metrics)
    with connection.cursor() as cursor:
        cursor.execute(_TRENDS[grain], parameters | {"with_unique": with_unique})
        rows = [*cursor.fetchall(), *_levels(span, grain, parameters)]
    known = Metric.objects.in_bulk({metric for _bucket, metric, *_numbers in rows})
    found = [
        _trend(span, grain, bucket, known[metric], quantity, events, with_unique)
        for bucket, metric, quantity, events in rows
    ]
    return tuple(sorted(found, key=lambda trend: (trend.first, trend.metric)))


def buckets_of(span: Span, grain: Grain) -> Iterator[tuple[date, date]]:
    """The days `[first, after)` of every bucket of the span."""
    for day in first_days(span.first, span.after, grain):
        yield day, min(next_bucket(day, grain), span.after)


def _levels(span: Span, grain: Grain, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Of metrics that are levels: (bucket, metric_id, quantity, event_count)."""
    metrics = level_metrics(span.organisation, parameters["metrics"])
    if not metrics:
        return
    zone = span.organisation.zone
    starts: Sequence[datetime] = [start_of_day(day, zone) for day in first_days(span.first, span.after, grain)]
    asked = parameters | {"metrics": metrics, "split": "metric", "split_key": "", "most": None}
    for start, _place, metric, quantity, events in level_numbers(span, asked, starts):
        if start is not None:
            yield local_date(start, zone), UUID(json.loads(metric)), quantity, events


def _trend(
    span: Span, grain: Grain, bucket: date, metric: Metric, quantity: Decimal, events: int, with_unique: bool
) -> MetricTrend:
    is_unknown = metric.aggregation == Metric.Aggregation.UNIQUE and not with_unique
    return MetricTrend(
        max(bucket, span.first),
        min(next_bucket(bucket, grain), span.after),
        (metric.name, metric.unit),
        metric.aggregation,
        None if is_unknown else quantity,
        events,
    )
