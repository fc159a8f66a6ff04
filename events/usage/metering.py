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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing_platform.lib.periods import BillingPeriod
from events.aggregating import LATEST_OF_ENTRY, standing
from events.models import Metric, UsageCorrection
from organisations.models import Organisation, Project

Aggregation = Metric.Aggregation
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class MeteredUsage:
    """What one meter used on one local day. Quantity and count are negative where corrections outweigh usage.

    `used_in` is the month in which it happened: earlier than the period asked for where the usage is late.
    """

    project_id: UUID
    project_name: str
    metric_name: str
    unit: str
    aggregation: str
    dimensions: tuple[tuple[str, str], ...]
    day: date
    quantity: Decimal
    event_count: int

    @property
    def metric(self) -> tuple[str, str]:
        """Name and unit."""
        return self.metric_name, self.unit

    @property
    def used_in(self) -> BillingPeriod:
        return BillingPeriod.of(self.day)


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
    latest: list[Decimal] | None
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
        cursor.execute(_USED_ON, parameters | {"first": first, "after": after})
        return [
            UsedOn(organisation_id, name, unit, day, tuple(sorted(json.loads(dimensions).items())))
            for organisation_id, day, dimensions in cursor.fetchall()
        ]


_USED_ON = """
    SELECT a.organisation_id, (a.hour AT TIME ZONE o.time_zone)::date AS day, a.dimensions::text
    FROM events_usageaggregate a
    JOIN unnest(%(organisations)s::uuid[], %(months)s::date[]) AS counted (organisation_id, counted_in)
        USING (organisation_id, counted_in)
    JOIN organisations_organisation o ON o.id = a.organisation_id
    JOIN organisations_project p ON p.id = a.project_id AND p.mode = 'live'
    JOIN events_metric m ON m.id = a.metric_id
    WHERE m.name = %(name)s AND m.unit = %(unit)s
        AND a.organisation_id = ANY (%(organisations)s) AND a.counted_in = ANY (%(months)s)
        AND (a.hour AT TIME ZONE o.time_zone)::date >= %(first)s
        AND (a.hour AT TIME ZONE o.time_zone)::date < %(after)s
    GROUP BY a.organisation_id, day, a.dimensions
    HAVING sum(a.event_count) <> 0 OR sum(a.total) <> 0
"""


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


_DAYS = """
    SELECT a.project_id, p.name, a.metric_id, m.name, m.unit, m.aggregation, a.dimensions::text,
        (a.hour AT TIME ZONE %(zone)s)::date AS day,
        sum(a.total), sum(a.event_count)::bigint, max(a.maximum), max(a.latest)
    FROM events_usageaggregate a
    JOIN organisations_project p ON p.id = a.project_id
    JOIN events_metric m ON m.id = a.metric_id
    WHERE a.organisation_id = %(organisation)s AND a.counted_in = ANY (%(months)s)
        AND a.hour >= %(first)s AND a.hour < %(after)s
        AND CASE WHEN %(project)s::uuid IS NULL THEN p.mode = 'live' ELSE a.project_id = %(project)s END
    GROUP BY a.project_id, p.name, a.metric_id, m.name, m.unit, m.aggregation, a.dimensions, day
    ORDER BY p.name, a.project_id, m.name, m.unit, a.dimensions, day
"""

_FIRST_SEEN = """
    WITH hours AS (
        SELECT project_id, metric_id, dimensions, value, hour,
            date_trunc('month', hour AT TIME ZONE %(zone)s) AS own_month
        FROM events_usagedistinct
        WHERE organisation_id = %(organisation)s AND counted_in = ANY (%(months)s)
            AND hour >= %(first)s AND hour < %(after)s
            AND (%(project)s::uuid IS NULL OR project_id = %(project)s)
        GROUP BY project_id, metric_id, dimensions, value, hour
        HAVING sum(event_count) > 0
    ),
    firsts AS (
        SELECT project_id, metric_id, dimensions, value, min(hour) AS hour
        FROM hours
        GROUP BY project_id, metric_id, dimensions, value, own_month
    )
    SELECT project_id, metric_id, dimensions::text, (hour AT TIME ZONE %(zone)s)::date AS day, count(*)
    FROM firsts
    GROUP BY project_id, metric_id, dimensions, day
"""

# Maximum and latest of a day from the ledger itself, without what any of the corrections counted in these periods
# cancelled. The aggregates of a closed period keep what was true when it closed.
_STANDING = f"""
    SELECT l.project_id, l.metric_id, l.dimensions::text, (l.hour AT TIME ZONE %(zone)s)::date AS day,
        max(l.quantity), max({LATEST_OF_ENTRY})
    FROM events_usageevent l
    WHERE l.organisation_id = %(organisation)s AND l.counted_in = ANY (%(months)s)
        AND l.metric_id = ANY (%(metrics)s) AND l.hour >= %(first)s AND l.hour < %(after)s
        AND (%(project)s::uuid IS NULL OR l.project_id = %(project)s)
        AND {standing("c.counted_in = ANY (%(months)s)")}
    GROUP BY l.project_id, l.metric_id, l.dimensions, day
"""  # noqa: S608


def _metered(question: _Question) -> tuple[MeteredUsage, ...]:
    days = [_Day(*row) for row in question.ask(_DAYS)]
    _mend_what_was_corrected_late(question, days)
    if any(day.aggregation == Aggregation.UNIQUE for day in days):
        seen = {tuple(key): count for *key, count in question.ask(_FIRST_SEEN)}
        for day in days:
            day.distinct = seen.get((day.project_id, day.metric_id, day.dimensions, day.day), 0)
    meters: defaultdict[tuple[Any, ...], list[_Day]] = defaultdict(list)
    for day in days:
        meters[day.meter].append(day)
    return tuple(row for meter in meters.values() for row in _rows(meter))


def _rows(days: list[_Day]) -> list[MeteredUsage]:
    """The rows of one meter; days in order."""
    aggregation = days[0].aggregation
    if aggregation == Aggregation.MAX:
        reached = max(
            (day for day in days if day.maximum is not None), key=lambda day: day.maximum or ZERO, default=None
        )
        return [day.used(day.maximum or ZERO if day is reached else ZERO) for day in days]
    if aggregation == Aggregation.LATEST:
        newest = max(days, key=lambda day: day.latest or [])
        return [day.used(day.latest[-1] if day.latest and day is newest else ZERO) for day in days]
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
    standing = {tuple(key): (maximum, latest) for *key, maximum, latest in question.ask(_STANDING, metrics=metrics)}
    for day in days:
        if day.metric_id in metrics:
            found = standing.get((day.project_id, day.metric_id, day.dimensions, day.day), (None, None))
            day.maximum, day.latest = found
