"""What metering answers, as plain values: the usage of a meter on a day, and the words of a metric."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Protocol
from uuid import UUID

from billing_platform.lib.number_formats import format_quantity, unit_for
from billing_platform.lib.periods import BillingPeriod

MetricKey = tuple[str, str]
"""Name and unit of a metric."""

Meter = tuple[UUID, str, str, tuple[tuple[str, str], ...]]
"""Project, name and unit of the metric, and dimensions: in one month, a meter."""


@lru_cache(maxsize=10_000)
def dimensions_of(text: str) -> tuple[tuple[str, str], ...]:
    """Names and values, sorted. The same few texts come with every day of a meter."""
    return tuple(sorted(json.loads(text).items()))


@dataclass(frozen=True, slots=True)
class MeteredUsage:
    """What one meter used on one local day. Quantity and count are negative where corrections outweigh usage.

    `used_in` is the month in which the usage happened: earlier than the period asked for where the usage is late.
    `measured` is the quantity before it was converted into the unit that is priced; None where nothing was.
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
    measured: Decimal | None = None

    @property
    def metric(self) -> MetricKey:
        return self.metric_name, self.unit

    @property
    def meter(self) -> Meter:
        return self.project_id, self.metric_name, self.unit, self.dimensions

    @property
    def used_in(self) -> BillingPeriod:
        return BillingPeriod.of(self.day)


@dataclass(frozen=True, slots=True)
class MeteredEvent:
    """What one event added to a meter of a `sum` metric."""

    meter: Meter
    day: date
    quantity: Decimal


class MetricDefinition(Protocol):
    """The columns of a metric that its words come from."""

    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def unit_name(self) -> str: ...
    @property
    def unit_name_plural(self) -> str: ...


@dataclass(frozen=True, slots=True)
class MetricWords:
    """How one metric is called; `title` tells it from others where no unit stands beside it."""

    name: str
    title: str
    one: str
    many: str

    @classmethod
    def of(cls, metric: MetricDefinition) -> MetricWords:
        return cls.called(metric.name, metric.unit, metric)

    @classmethod
    def called(cls, name: str, unit: str, *definitions: MetricDefinition) -> MetricWords:
        """By the first definition that has each word."""

        def word(field: str, otherwise: str) -> str:
            return next((text for each in definitions if (text := getattr(each, field))), otherwise)

        display_name, one = word("display_name", ""), word("unit_name", unit)
        return cls(display_name or name, display_name or f"{name} ({unit})", one, word("unit_name_plural", one))

    def counted_by(self, aggregation: str) -> MetricWords:
        """The words of a quantity of usage: a level is counted in unit-hours."""
        if aggregation != "weighted_sum":
            return self
        return replace(self, one=f"{self.one}-hour", many=f"{self.one}-hours")

    def unit_for(self, quantity: Decimal | int) -> str:
        return unit_for(quantity, self.one, self.many)

    def quantity_text(self, quantity: Decimal | int) -> str:
        """`1 call`, `7,087,252 calls`."""
        return format_quantity(quantity, self.one, self.many)
