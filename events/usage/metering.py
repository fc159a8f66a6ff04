"""What was used in a billing period, meter by meter: the numbers that invoices are made of.

A meter is one project, one metric, one combination of dimensions, in the month in which the usage happened. Each
aggregation is answered so that the rows of a meter add up to its quantity, and a price that changes within the month
finds every unit on one day:

- sum and count: each day what was used on it;
- max: the greatest value, on the day it was first reached;
- latest: the value of the newest event, on that event's day;
- unique: each different value once, on the day it was first seen.

Test projects are left out unless one is asked for by name: their usage is on no invoice and in no total.
"""

from __future__ import annotations

import json
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
from events.usage.metered import MeteredUsage
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
    def meter(self) -> tuple[UUID, UUID, str, BillingPeriod]:
        return self.project_id, self.metric_id, self.dimensions, BillingPeriod.of(self.day)

    def used(self, quantity: Decimal) -> MeteredUsage:
        return MeteredUsage(
            project_id=self.project_id,
            project_name=self.project_name,
            metric_name=self.metric_name,
            unit=self.unit,
            aggregation=self.aggregation,
            dimensions=tuple(sorted(json.loads(self.dimensions).items())),
            day=self.day,
            quantity=quantity,
            event_count=self.event_count,
        )


def usage_for(
    *, organisation: Organisation, period: BillingPeriod, project: Project | None = None
) -> tuple[MeteredUsage, ...]:
    """Usage counted in a billing period, of all live projects or of one: its own, and late usage of closed months."""
    return _metered(_Question(organisation, [period], project=project))


def usage_of_month(
    *, organisation: Organisation, month: BillingPeriod, counted_in: Iterable[BillingPeriod]
) -> tuple[MeteredUsage, ...]:
    """Live usage that happened in a month and was counted in any of these periods, corrections taken into account."""
    return _metered(_Question(organisation, list(counted_in), month))


@dataclass(frozen=True, slots=True)
class UsedOn:
    """That an organisation used a metric, with some dimensions, on a day of its own."""

    organisation_id: UUID
    metric_name: str
    unit: str
    day: date
    dimensions: tuple[tuple[str, str], ...]


def days_with_usage(
    *, metric: tuple[str, str], counted_in: Sequence[tuple[UUID, date]], first: date, after: date
) -> list[UsedOn]:
    """On which days `[first, after)` live projects used a metric, of what these organisations' months count."""
    if not counted_in:
        return []
    organisations, months = (list(column) for column in zip(*counted_in, strict=True))
    name, unit = metric
    parameters: dict[str, Any] = {"organisations": organisations, "months": months, "name": name, "unit": unit}
    with connection.cursor() as cursor:
        cursor.execute(_DAYS_WITH_USAGE, parameters | {"first": first, "after": after})
        return [
            UsedOn(organisation_id, name, unit, day, tuple(sorted(json.loads(dimensions).items())))
            for organisation_id, day, dimensions in cursor.fetchall()
        ]


class _Question:
    """Which aggregates are meant, as SQL parameters."""

    def __init__(
        self,
        organisation: Organisation,
        periods: Sequence[BillingPeriod],
        month: BillingPeriod | None = None,
        project: Project | None = None,
    ) -> None:
        self.organisation = organisation
        self.months = [period.start for period in periods]
        first, after = month.bounds(organisation.zone) if month else ("-infinity", "infinity")
        self.parameters: dict[str, Any] = {
            "organisation": organisation.pk,
            "project": project and project.pk,
            "zone": organisation.time_zone,
            "months": self.months,
            "first": first,
            "after": after,
        }

    def ask(self, statement: str, **more: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, self.parameters | more)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows


def _metered(question: _Question) -> tuple[MeteredUsage, ...]:
    days = list(_days(question))
    _mend_what_was_corrected_late(question, days)
    if any(day.aggregation == Aggregation.UNIQUE for day in days):
        seen = {tuple(key): count for *key, count in question.ask(_FIRST_SEEN)}
        for day in days:
            day.distinct = seen.get((day.project_id, day.metric_id, day.dimensions, day.day), 0)
    meters: defaultdict[tuple[Any, ...], list[_Day]] = defaultdict(list)
    for day in days:
        meters[day.meter].append(day)
    return tuple(row for meter in meters.values() for row in _rows(meter))


def _days(question: _Question) -> Iterator[_Day]:
    for row in question.ask(_DAYS):
        day = _Day(*row[:-4])
        day.latest = _reading(*row[-4:])
        yield day


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


def _mend_what_was_corrected_late(question: _Question, days: list[_Day]) -> None:
    """Maximum and latest where a correction came after the month had closed: rare, so the ledger may be read."""
    metrics = list(
        UsageCorrection.objects.filter(
            organisation=question.organisation,
            counted_in__in=question.months,
            is_late=True,
            metric__aggregation__in=[Aggregation.MAX, Aggregation.LATEST],
        )
        .values_list("metric_id", flat=True)
        .distinct()
    )
    if not metrics:
        return
    rows = question.ask(_DAYS_STANDING_IN_LEDGER, metrics=metrics, corrected_in=question.months)
    standing = {row[:4]: (row[4], _reading(*row[5:])) for row in rows}
    for day in days:
        if day.metric_id in metrics:
            found = standing.get((day.project_id, day.metric_id, day.dimensions, day.day), (None, None))
            day.maximum, day.latest = found


def _reading(occurred_at: datetime | None, *others: Any) -> Reading | None:
    return None if occurred_at is None else Reading(occurred_at, *others)
