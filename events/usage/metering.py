"""What was used in a billing period, meter by meter: the numbers that invoices are made of.

A meter is one project, one metric, one combination of dimensions, in the month in which the usage happened. Each
aggregation is answered so that the rows of a meter add up to its quantity, and a price that changes within the month
finds every unit on one day:

- sum and count: each day what was used on it;
- max: the greatest value, on the day it was first reached;
- latest: the value of the newest event, on that event's day;
- unique: each different value once, on the day it was first seen;
- weighted_sum: each day the level integrated over it, in unit-hours (`levels.py`).

Test projects are left out unless one is asked for by name: their usage is on no invoice and in no total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric, UsageCorrection
from events.usage.levels import level_usage
from events.usage.metered import MeteredUsage, MetricKey, dimensions_of
from organisations.models import Organisation, Project

Aggregation = Metric.Aggregation
ZERO = Decimal(0)

_DAYS = query(__file__, "days")
_DAYS_STANDING_IN_LEDGER = query(__file__, "days_standing_in_ledger")
_FIRST_SEEN = query(__file__, "first_seen")
_DAYS_WITH_USAGE = query(__file__, "days_with_usage")


class Reading(NamedTuple):
    """The newest event of a `latest` metric. Of two readings the greater tuple is the newer one."""

    occurred_at: datetime
    received_at: datetime
    position: int
    value: Decimal


@dataclass(slots=True)
class _Day:
    """One meter's day as the aggregates have it."""

    project_id: UUID
    project_name: str
    metric_id: UUID
    metric_name: str
    unit: str
    aggregation: str
    dimensions: str
    day: date
    total: Decimal
    event_count: int
    maximum: Decimal | None
    latest: Reading | None = None
    distinct: int = 0

    @property
    def meter(self) -> tuple[UUID, UUID, str, int, int]:
        return self.project_id, self.metric_id, self.dimensions, self.day.year, self.day.month

    def used(self, quantity: Decimal) -> MeteredUsage:
        return MeteredUsage(
            project_id=self.project_id,
            project_name=self.project_name,
            metric_name=self.metric_name,
            unit=self.unit,
            aggregation=self.aggregation,
            dimensions=dimensions_of(self.dimensions),
            day=self.day,
            quantity=quantity,
            event_count=self.event_count,
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: an organisation's usage that was counted in these billing months, each named once.

    With `month`, only what happened in that month of the organisation's time zone.
    """

    organisation: Organisation
    counted_in: tuple[BillingPeriod, ...]
    month: BillingPeriod | None = None

    @property
    def bounds(self) -> tuple[str, str]:
        """The instants between which the usage happened, half-open, as PostgreSQL reads them."""
        if self.month is None:
            return "-infinity", "infinity"
        first, after = self.month.bounds(self.organisation.zone)
        return first.isoformat(), after.isoformat()


def usage_for(
    *, organisation: Organisation, period: BillingPeriod, project: Project | None = None
) -> tuple[MeteredUsage, ...]:
    """Usage counted in a billing period, of all live projects or of one: its own, and late usage of closed months."""
    return metered([Asked(organisation, (period,))], project=project)[0]


def usage_of_organisations(
    *, organisations: Sequence[Organisation], period: BillingPeriod
) -> dict[UUID, tuple[MeteredUsage, ...]]:
    """`usage_for` of many organisations, by their ids; as many queries for a thousand as for one."""
    answers = metered([Asked(organisation, (period,)) for organisation in organisations])
    return {organisation.pk: rows for organisation, rows in zip(organisations, answers, strict=True)}


def usage_of_month(
    *, organisation: Organisation, month: BillingPeriod, counted_in: Iterable[BillingPeriod]
) -> tuple[MeteredUsage, ...]:
    """Live usage that happened in a month and was counted in any of these periods, corrections taken into account."""
    return metered([Asked(organisation, tuple(counted_in), month)])[0]


@dataclass(frozen=True, slots=True)
class UsedOn:
    """That an organisation used a metric, with some dimensions, on a day of its own."""

    organisation_id: UUID
    metric_name: str
    unit: str
    day: date
    dimensions: tuple[tuple[str, str], ...]


def days_with_usage(
    *, metric: MetricKey, counted_in: Sequence[tuple[UUID, date]], first: date, after: date
) -> list[UsedOn]:
    """On which days `[first, after)` live projects used a metric, of what these organisations' months count."""
    if not counted_in:
        return []
    organisations, months = (list(column) for column in zip(*counted_in, strict=True))
    name, unit = metric
    parameters: dict[str, Any] = {"organisations": organisations, "months": months, "name": name, "unit": unit}
    used = [
        UsedOn(organisation_id, name, unit, day, dimensions_of(dimensions))
        for organisation_id, day, dimensions in _fetch(_DAYS_WITH_USAGE, parameters | {"first": first, "after": after})
    ]
    if not Metric.objects.filter(name=name, unit=unit, aggregation=Aggregation.WEIGHTED_SUM).exists():
        return used
    return used + [each for each in _days_with_level(metric, counted_in) if first <= each.day < after]


def _days_with_level(metric: MetricKey, counted_in: Sequence[tuple[UUID, date]]) -> Iterator[UsedOn]:
    """The days on which a `weighted_sum` metric had a level, changed on the day or carried over."""
    owners = Organisation.objects.in_bulk({organisation_id for organisation_id, _month in counted_in})
    asked = [Asked(owners[organisation_id], (BillingPeriod.of(month),)) for organisation_id, month in counted_in]
    for number, rows in level_usage(Questions(asked, None).parameters, metric=metric).items():
        for row in rows:
            yield UsedOn(asked[number].organisation.pk, *metric, row.day, row.dimensions)


class Questions:
    """Which aggregates are meant, as SQL parameters."""

    def __init__(self, asked: Sequence[Asked], project: Project | None) -> None:
        self.asked = asked
        self.project_id = project and project.pk
        rows = [
            (number, each.organisation.pk, each.organisation.time_zone, period.start, *each.bounds)
            for number, each in enumerate(asked)
            for period in each.counted_in
        ]
        names = ("numbers", "organisations", "zones", "months", "firsts", "afters")
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        self.parameters: dict[str, Any] = {
            "project": self.project_id,
            **{name: list(column) for name, column in zip(names, columns, strict=True)},
        }

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        return _fetch(statement, self.parameters)

    def standing_in_ledger(self, number: int, metrics: Iterable[UUID]) -> list[tuple[Any, ...]]:
        """Of one question: maximum and latest of some metrics' days by what stands in the ledger."""
        each = self.asked[number]
        first, after = each.bounds
        months = [period.start for period in each.counted_in]
        parameters: dict[str, Any] = {
            "organisation": each.organisation.pk,
            "zone": each.organisation.time_zone,
            "project": self.project_id,
            "metrics": list(metrics),
            "months": months,
            "corrected_in": months,
            "first": first,
            "after": after,
        }
        return _fetch(_DAYS_STANDING_IN_LEDGER, parameters)


def _fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def metered(asked: Sequence[Asked], *, project: Project | None = None) -> list[tuple[MeteredUsage, ...]]:
    """The answers, in the order of the questions: the usage of live projects, or of one project, test or live.
    Corrections are taken into account. The number of queries does not grow with the number of questions; only where a
    maximum was corrected after its month had closed, the ledger is asked for each such question."""
    if not asked:
        return []
    questions = Questions(asked, project)
    days = _days(questions)
    _mend_what_was_corrected_late(questions, days)
    if any(day.aggregation == Aggregation.UNIQUE for of_question in days for day in of_question):
        seen = {tuple(key): count for *key, count in questions.ask(_FIRST_SEEN)}
        for number, of_question in enumerate(days):
            for day in of_question:
                day.distinct = seen.get((number, day.project_id, day.metric_id, day.dimensions, day.day), 0)
    levels = level_usage(questions.parameters)
    return [_together(_metered(of_question), levels.get(number, [])) for number, of_question in enumerate(days)]


def _together(rows: tuple[MeteredUsage, ...], levels: list[MeteredUsage]) -> tuple[MeteredUsage, ...]:
    """In order of project, metric, dimensions and day."""
    return tuple(sorted([*rows, *levels], key=_place)) if levels else rows


def _place(row: MeteredUsage) -> tuple[Any, ...]:
    return row.project_name, row.project_id, row.metric_name, row.unit, row.dimensions, row.day


def _metered(days: Iterable[_Day]) -> tuple[MeteredUsage, ...]:
    """In order of project, metric, dimensions and day."""
    meters: defaultdict[tuple[Any, ...], list[_Day]] = defaultdict(list)
    for day in days:
        meters[day.meter].append(day)
    for meter in meters.values():
        meter.sort(key=_by_day)
    return tuple(row for meter in sorted(meters.values(), key=_first_place) for row in _rows(meter))


def _by_day(day: _Day) -> date:
    return day.day


def _first_place(days: Sequence[_Day]) -> tuple[Any, ...]:
    first = days[0]
    return first.project_name, first.project_id, first.metric_name, first.unit, first.dimensions, first.day


def _days(questions: Questions) -> list[list[_Day]]:
    """The days of each question, in no order."""
    found: list[list[_Day]] = [[] for _question in questions.asked]
    for number, *row in questions.ask(_DAYS):
        day = _Day(*row[:-4])
        day.latest = _reading(*row[-4:])
        found[number].append(day)
    return found


def _rows(days: list[_Day]) -> list[MeteredUsage]:
    """The rows of one meter; days in order."""
    aggregation = days[0].aggregation
    if aggregation == Aggregation.MAX:
        reached = max(
            (day for day in days if day.maximum is not None), key=lambda day: day.maximum or ZERO, default=None
        )
        return [day.used(day.maximum or ZERO if day is reached else ZERO) for day in days]
    if aggregation == Aggregation.LATEST:
        newest = max((day.latest for day in days if day.latest), default=None)
        return [day.used(newest.value if newest and day.latest is newest else ZERO) for day in days]
    if aggregation == Aggregation.UNIQUE:
        return [day.used(Decimal(day.distinct)) for day in days]
    if aggregation == Aggregation.COUNT:
        return [day.used(Decimal(day.event_count)) for day in days]
    return [day.used(day.total) for day in days]


def _mend_what_was_corrected_late(questions: Questions, days: Sequence[Sequence[_Day]]) -> None:
    """Maximum and latest where a correction came after the month had closed: rare, so the ledger may be read."""
    corrections = UsageCorrection.objects.filter(
        organisation__in=questions.parameters["organisations"],
        counted_in__in=set(questions.parameters["months"]),
        is_late=True,
        metric__aggregation__in=[Aggregation.MAX, Aggregation.LATEST],
    )
    corrected: defaultdict[tuple[UUID, date], set[UUID]] = defaultdict(set)
    for organisation_id, counted_in, metric_id in corrections.values_list(
        "organisation_id", "counted_in", "metric_id"
    ).distinct():
        corrected[organisation_id, counted_in].add(metric_id)
    if not corrected:
        return
    for number, each in enumerate(questions.asked):
        metrics = {
            metric for period in each.counted_in for metric in corrected.get((each.organisation.pk, period.start), ())
        }
        if metrics:
            _mend(days[number], metrics, questions.standing_in_ledger(number, metrics))


def _mend(days: Iterable[_Day], metrics: set[UUID], rows: Iterable[tuple[Any, ...]]) -> None:
    standing = {row[:4]: (row[4], _reading(*row[5:])) for row in rows}
    for day in days:
        if day.metric_id in metrics:
            found = standing.get((day.project_id, day.metric_id, day.dimensions, day.day), (None, None))
            day.maximum, day.latest = found


def _reading(occurred_at: datetime | None, *others: Any) -> Reading | None:
    return None if occurred_at is None else Reading(occurred_at, *others)
