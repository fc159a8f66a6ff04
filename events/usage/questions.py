"""What can be asked about usage, and the parameters with which events.usage.report asks PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.periods import BillingPeriod, start_of_day
from events.models import Metric, UsageCorrection, UsagePeriod
from organisations.models import Organisation, Project

A_DAY = timedelta(days=1)


class Grain(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


LONGEST = {Grain.HOUR: 14, Grain.DAY: 366, Grain.WEEK: 366, Grain.MONTH: 3660}
"""Days that one report covers, so that no address asks for a million rows."""

LONGEST_DISTINCT = 31
LONGEST_OF_EVERYTHING = 93
"""Fewer days for a `unique` metric, and for all metrics side by side: these read every different value."""


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


BUCKET = {
    Grain.HOUR: "hour",
    Grain.DAY: "(hour AT TIME ZONE %(zone)s)::date",
    Grain.WEEK: "date_trunc('week', hour AT TIME ZONE %(zone)s)::date",
    Grain.MONTH: "date_trunc('month', hour AT TIME ZONE %(zone)s)::date",
}
"""The SQL of the bucket that an hour belongs to: an instant for hours, otherwise a local day, the Monday of a week (ISO
8601) or the first day of a month."""


def first_days(first: date, after: date, grain: Grain) -> Iterator[date]:
    """The first day of each day, week or month of the days `[first, after)`; a week begins on Monday. The first of them
    may be a part of a week or month."""
    day = first
    while day < after:
        yield day
        day = next_bucket(day, grain)


def next_bucket(day: date, grain: Grain) -> date:
    """The first day of the next day, week or month."""
    if grain == Grain.WEEK:
        return day + (7 - day.weekday()) * A_DAY
    return day + A_DAY if grain == Grain.DAY else BillingPeriod.of(day).end


def parameters_of(question: Question) -> dict[str, Any]:
    span, most = question.span, LONGEST[question.grain]
    if question.metric.aggregation == Metric.Aggregation.UNIQUE:
        most = min(most, LONGEST_DISTINCT)
    refuse_longer(span, most, f"of {question.metric.name} by {question.grain}")
    projects = [found.pk for found in projects_of(span, question.project)]
    return span_parameters(span, projects, [question.metric.pk]) | {
        "dimensions": json.dumps(dict(question.dimensions)),
        "aggregation": question.metric.aggregation,
        "split": question.split,
        "split_key": question.split_key,
    }


def refuse_longer(span: Span, most: int, what: str) -> None:
    if span.days > most:
        sentence = f"For usage {what}, choose at most {most} days; these are {span.days}."
        raise InvalidInput(sentence, details={"end": [sentence]})


def span_parameters(span: Span, projects: Sequence[UUID], metrics: Sequence[UUID] | None) -> dict[str, Any]:
    """Of some metrics, or of all (None): there may be tens of thousands."""
    return parameters_of_spans([span], projects, metrics)[0]


def parameters_of_spans(
    spans: Sequence[Span], projects: Sequence[UUID], metrics: Sequence[UUID] | None
) -> list[dict[str, Any]]:
    """Those of each span, of one organisation.

    With the months spelt out, since both indexes have the hour behind them. No usage is billed before its month.
    """
    organisation = spans[0].organisation
    months = UsagePeriod.objects.filter(organisation=organisation, month__gte=min(map(_earliest, spans)))
    corrected = UsageCorrection.objects.filter(
        organisation=organisation,
        metric__aggregation__in=[Metric.Aggregation.MAX, Metric.Aggregation.LATEST],
        is_late=True,
        hour__gte=min(span.start for span in spans),
        hour__lt=max(span.end for span in spans),
    )
    if metrics is not None:
        corrected = corrected.filter(metric__in=metrics)
    known = list(months.values_list("month", flat=True))
    hours = list(corrected.values_list("hour", flat=True).distinct().order_by())
    return [
        {
            "organisation": organisation.pk,
            "projects": projects,
            "metrics": metrics,
            "months": [month for month in known if month >= _earliest(span)],
            "start": span.start,
            "end": span.end,
            "dimensions": "{}",
            "zone": organisation.time_zone,
            "corrected": [hour for hour in hours if span.start <= hour < span.end],
            "corrected_in": None,
            "received_from": _earliest(span),
        }
        for span in spans
    ]


def _earliest(span: Span) -> date:
    """The first month that may have stamped its events: a day ahead at most, in a zone a day ahead at most."""
    return (span.first - 2 * A_DAY).replace(day=1)


def projects_of(span: Span, project: Project | None) -> list[Project]:
    """The one that is asked about, or all live ones: test usage is in no total."""
    if project is not None:
        return [project]
    return list(Project.objects.filter(organisation=span.organisation, mode=Project.Mode.LIVE))
