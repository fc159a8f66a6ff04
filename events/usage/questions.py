"""What can be asked about usage, and how PostgreSQL is asked: the statements of events.usage.report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.periods import start_of_day
from events.aggregating import LATEST_OF_ENTRY, standing
from events.models import Metric, UsageCorrection, UsagePeriod
from organisations.models import Organisation, Project

A_DAY = timedelta(days=1)


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


BUCKET = {
    Grain.HOUR: "hour",
    Grain.DAY: "(hour AT TIME ZONE %(zone)s)::date",
    Grain.MONTH: "date_trunc('month', hour AT TIME ZONE %(zone)s)::date",
}
CHOSEN = """
    organisation_id = %(organisation)s AND project_id = ANY (%(projects)s)
    AND (%(metrics)s::uuid[] IS NULL OR metric_id = ANY (%(metrics)s))
    AND counted_in = ANY (%(months)s) AND hour >= %(start)s AND hour < %(end)s AND dimensions @> %(dimensions)s::jsonb
"""
_QUANTITY = {
    Metric.Aggregation.SUM: "sum(total)",
    Metric.Aggregation.COUNT: "sum(event_count)",
    Metric.Aggregation.MAX: "coalesce(max(maximum), 0)",
    Metric.Aggregation.LATEST: "coalesce((max(latest))[4], 0)",
    Metric.Aggregation.UNIQUE: "0",  # is in a table of its own
}


def used_sql(parameters: dict[str, Any]) -> str:
    hours = _hours_sql("metric_id", parameters)
    return f"""
        WITH hours (metric_id, project_id, dimensions, total, event_count, maximum, latest) AS ({hours}),
        meters AS (
            SELECT project_id, metric_id, sum(total) AS total, sum(event_count) AS event_count,
                max(maximum) AS maximum, max(latest) AS latest, 0 AS different
            FROM hours GROUP BY project_id, metric_id, dimensions
            UNION ALL
            SELECT project_id, metric_id, 0, 0, NULL, NULL, count(*) FROM (
                SELECT project_id, metric_id FROM events_usagedistinct WHERE {CHOSEN}
                GROUP BY project_id, metric_id, dimensions, value HAVING sum(event_count) > 0
            ) AS seen GROUP BY project_id, metric_id
        )
        SELECT project_id, metric_id, name, unit, aggregation, coalesce(sum(CASE aggregation
                WHEN 'sum' THEN total WHEN 'count' THEN meters.event_count WHEN 'max' THEN maximum
                WHEN 'latest' THEN latest[4] ELSE different END), 0)::numeric, sum(meters.event_count)::bigint
        FROM meters JOIN events_metric ON events_metric.id = metric_id
        GROUP BY project_id, metric_id, name, unit, aggregation
    """  # noqa: S608


def _hours_sql(columns: str, parameters: dict[str, Any]) -> str:
    """The chosen hours of every meter. A closed month's aggregates keep the maximum and the newest value that it was
    closed with; in hours that were corrected since then, these come from what still stands in the ledger."""
    values = "total, event_count, maximum, latest"
    if not parameters["corrected"]:
        return f"SELECT {columns}, project_id, dimensions, {values} FROM events_usageaggregate WHERE {CHOSEN}"  # noqa: S608
    return f"""
        SELECT {columns}, project_id, dimensions, total, event_count,
            CASE WHEN hour <> ALL (%(corrected)s) THEN maximum END,
            CASE WHEN hour <> ALL (%(corrected)s) THEN latest END
        FROM events_usageaggregate WHERE {CHOSEN}
        UNION ALL
        SELECT {columns}, project_id, dimensions, 0, 0, quantity, {LATEST_OF_ENTRY}
        FROM events_usageevent l
        WHERE {CHOSEN} AND hour = ANY (%(corrected)s) AND received_month >= %(received_from)s AND {standing()}
    """  # noqa: S608


def numbers_sql(question: Question, parameters: dict[str, Any]) -> str:
    """Per bucket and series, and with no bucket for the whole span, what the meters add up to."""
    bucket, series = BUCKET[question.grain], _series_sql(question)
    quantity = _QUANTITY[Metric.Aggregation(question.metric.aggregation)]
    hours = _hours_sql(f"{bucket} AS bucket, {series} AS series", parameters)
    distinct = _DISTINCT.format(bucket=bucket, series=series, chosen=CHOSEN)
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


def late_sql(question: Question) -> str:
    bucket = BUCKET[question.grain]
    return f"""
        SELECT {bucket} AS bucket, counted_in, sum(event_count)::bigint FROM events_usageaggregate
        WHERE {CHOSEN} AND counted_in > {BUCKET[Grain.MONTH]}
        GROUP BY bucket, counted_in HAVING sum(event_count) <> 0 ORDER BY bucket, counted_in
    """  # noqa: S608


def _series_sql(question: Question) -> str:
    """As JSON, in which a dimension that was not sent (null) differs from one that was sent empty."""
    if question.split == "project":
        return "to_jsonb(project_id)"
    return "coalesce(dimensions -> %(split_key)s, 'null')" if question.split else "'null'::jsonb"


def parameters_of(question: Question) -> dict[str, Any]:
    span, most = question.span, LONGEST[question.grain]
    if question.metric.aggregation == Metric.Aggregation.UNIQUE:
        most = min(most, LONGEST_DISTINCT)
    refuse_longer(span, most, f"of {question.metric.name} by {question.grain}")
    projects = [found.pk for found in projects_of(span, question.project)]
    return span_parameters(span, projects, [question.metric.pk]) | {
        "dimensions": json.dumps(dict(question.dimensions)),
        "split_key": question.split_key,
    }


def refuse_longer(span: Span, most: int, what: str) -> None:
    if span.days > most:
        sentence = f"For usage {what}, choose at most {most} days; these are {span.days}."
        raise InvalidInput(sentence, details={"end": [sentence]})


def span_parameters(span: Span, projects: Sequence[UUID], metrics: Sequence[UUID] | None) -> dict[str, Any]:
    """Of some metrics, or of all (None): there may be tens of thousands.

    With the months spelt out, since both indexes have the hour behind them. No usage is billed before its month.
    """
    earliest = (span.first - 2 * A_DAY).replace(day=1)  # stamped a day ahead at most, in a zone a day ahead at most
    months = UsagePeriod.objects.filter(organisation=span.organisation, month__gte=earliest)
    corrected = UsageCorrection.objects.filter(
        organisation=span.organisation,
        metric__aggregation__in=[Metric.Aggregation.MAX, Metric.Aggregation.LATEST],
        is_late=True,
        hour__gte=span.start,
        hour__lt=span.end,
    )
    if metrics is not None:
        corrected = corrected.filter(metric__in=metrics)
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
        "received_from": earliest,
    }


def projects_of(span: Span, project: Project | None) -> list[Project]:
    """The one that is asked about, or all live ones: test usage is in no total."""
    if project is not None:
        return [project]
    return list(Project.objects.filter(organisation=span.organisation, mode=Project.Mode.LIVE))
