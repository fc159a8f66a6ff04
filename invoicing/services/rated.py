"""What rating answers: lines before they have an invoice, and usage that could not become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing_platform.lib.limits import MAX_MONEY, QUANTITY_INTEGER_DIGITS
from billing_platform.lib.money import ZERO, Money, format_money
from billing_platform.lib.quantities import events_text, unit_for
from events.selectors.metric_words import MetricWords, WordBook
from events.usage.metering import MeteredUsage
from invoicing.models import InvoiceLine, PricingRule

MetricKey = tuple[str, str]
"""Name and unit."""

MAX_QUANTITY = Decimal(10) ** QUANTITY_INTEGER_DIGITS
"""Every quantity of a line stays below it: its column holds no more."""


@dataclass(frozen=True, slots=True)
class RatedLine:
    """A line before it has an invoice; the fields are those of InvoiceLine."""

    kind: str
    description: str
    quantity: Decimal
    amount: Decimal
    sac: str = ""
    unit_price: Decimal | None = None
    project_id: UUID | None = None
    metric_name: str = ""
    unit: str = ""
    unit_label: str = ""
    dimensions: dict[str, str] = field(default_factory=dict)
    service_start: date | None = None
    service_end: date | None = None
    used_in: date | None = None
    pricing_rule: PricingRule | None = None
    price: dict[str, Any] = field(default_factory=dict)
    explanation: list[dict[str, str]] = field(default_factory=list)

    @property
    def metric(self) -> MetricKey:
        return self.metric_name, self.unit

    def as_columns(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of(cls, line: InvoiceLine) -> RatedLine:
        return cls(**{each.name: getattr(line, each.name) for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Usage that no price covers: billed nowhere, told everywhere."""

    metric: MetricKey
    words: MetricWords
    quantity: Decimal
    event_count: int

    @property
    def warning(self) -> dict[str, Any]:
        verb = unit_for(self.quantity, "is", "are")
        return {
            "code": "UNPRICED_USAGE",
            "message": f"No price covers {self.words.name}: {self.words.quantity_text(self.quantity)} in "
            f"{events_text(self.event_count)} {verb} not billed.",
            "metric_name": self.metric[0],
            "unit": self.metric[1],
            "quantity": f"{self.quantity:f}",
            "event_count": self.event_count,
        }


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Usage that comes to more than a line can hold: somebody's mistake, which stops the invoice until it is mended."""

    metric: MetricKey
    code: str
    message: str

    @classmethod
    def quantity(cls, metric: MetricKey, words: MetricWords, quantity: Decimal) -> TooLarge:
        return cls(
            metric,
            "QUANTITY_TOO_LARGE",
            f"{words.title} can't be billed: {words.quantity_text(quantity)} in a month are more than "
            f"{QUANTITY_INTEGER_DIGITS} digits. Void or correct the events that are wrong.",
        )

    @classmethod
    def amount(cls, metric: MetricKey, title: str, amount: Decimal, currency: str) -> TooLarge:
        """`amount` is the line's, or that of the invoice together with it."""
        return cls(
            metric,
            "AMOUNT_TOO_LARGE",
            f"{title} can't be billed: {format_money(Money(amount, currency))} is too large an amount. An invoice's "
            f"lines stay below {format_money(Money(MAX_MONEY, currency))} in all. Check the events and the price.",
        )

    @property
    def warning(self) -> dict[str, Any]:
        name, unit = self.metric
        return {"code": self.code, "message": self.message, "metric_name": name, "unit": unit, "blocks": True}


@dataclass(frozen=True, slots=True)
class Rated:
    lines: tuple[RatedLine, ...]
    unpriced: tuple[Unpriced, ...]
    too_large: tuple[TooLarge, ...] = ()

    @property
    def warnings(self) -> list[dict[str, Any]]:
        return [gap.warning for gap in self.unpriced] + [found.warning for found in self.too_large]


def unpriced_usage(rows: Iterable[MeteredUsage], book: WordBook) -> tuple[Unpriced, ...]:
    """By metric. What was voided again leaks nothing."""
    found: dict[MetricKey, tuple[Decimal, int]] = {}
    for row in rows:
        quantity, events = found.get(row.metric, (ZERO, 0))
        found[row.metric] = quantity + row.quantity, events + row.event_count
    return tuple(
        Unpriced(metric, book.words(*metric), quantity, events)
        for metric, (quantity, events) in sorted(found.items())
        if quantity > ZERO or events > 0
    )
