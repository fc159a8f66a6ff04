"""Usage of `weighted_sum` metrics: a level that events change, integrated over time, in unit-hours.

A change is usage of the rest of its own month and of the whole of every later month: a level is carried over, also
into months without any event. What it adds to a month is counted with that month's usage, or as late usage of it where
the change itself was counted later. Two statements answer any number of questions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.usage.level_integral import Change, integrate, last_full_hour
from events.usage.metered import MeteredUsage, MetricKey, dimensions_of

_LEVELS = query(__file__, "levels")
_CHANGES = query(__file__, "level_changes")

_Meter = tuple[int, UUID, UUID, str]
"""Number of the question, project, metric and dimensions."""


class _Level(NamedTuple):
    """One meter in one month, as levels.sql answers."""

    number: int
    zone: str
    project_id: UUID
    project_name: str
    metric_id: UUID
    metric_name: str
    unit: str
    dimensions: str
    month: date
    carried: Any
    is_changed: bool

    @property
    def meter(self) -> _Meter:
        return self.number, self.project_id, self.metric_id, self.dimensions


def level_usage(asked: Mapping[str, Any], *, metric: MetricKey | None = None) -> dict[int, list[MeteredUsage]]:
    """Unit-hours by meter and local day, by the number of the question. `asked` has the parameters of asked.sql."""
    name, unit = metric or (None, None)
    parameters = {**asked, "name": name, "unit": unit, "now": clock.now()}
    found: defaultdict[int, list[MeteredUsage]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS, parameters)
        levels = [_Level(*row) for row in cursor.fetchall()]
        changes: defaultdict[_Meter, dict[date, Change]] = defaultdict(dict)
        metrics = {level.metric_id for level in levels if level.is_changed}
        if metrics:
            cursor.execute(_CHANGES, parameters | {"metrics": list(metrics)})
            for number, project_id, metric_id, dimensions, day, change, moment, events in cursor.fetchall():
                changes[number, project_id, metric_id, dimensions][day] = Change(int(change), int(moment), events)
    for level in levels:
        found[level.number] += _days(level, changes[level.meter], parameters["now"])
    return found


def _days(level: _Level, changes: Mapping[date, Change], now: datetime) -> Iterator[MeteredUsage]:
    zone = ZoneInfo(level.zone)
    dimensions = dimensions_of(level.dimensions)
    until = last_full_hour(now, zone)
    for each in integrate(int(level.carried), changes, month=BillingPeriod.of(level.month), zone=zone, until=until):
        yield MeteredUsage(
            project_id=level.project_id,
            project_name=level.project_name,
            metric_name=level.metric_name,
            unit=level.unit,
            aggregation=Metric.Aggregation.WEIGHTED_SUM,
            dimensions=dimensions,
            day=each.day,
            quantity=each.quantity,
            event_count=each.event_count,
        )
