"""Which rule prices which usage, and which rules are versions of one price, one after another in a month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol
from uuid import UUID

from billing_platform.lib.periods import BillingPeriod
from invoicing.pricing.charges import PriceError
from invoicing.pricing.exchanging import exchanged_price
from invoicing.pricing.price import Price, price_from_dict
from invoicing.pricing.price_models import Percentage, PerUnit
from invoicing.rates import Rate

Dimensions = tuple[tuple[str, str], ...]
"""Names and values, sorted."""

PriceKey = tuple[str, str, Dimensions]
"""Metric, unit and dimensions: rules that agree in them are versions of one price."""

ORGANISATION_POOL, PROJECT_POOL = "organisation", "project"


@dataclass(frozen=True)
class Rule:
    """A price of the price book as a plain value. Empty `organisation_id`: every organisation's (a global rule).

    The rule holds on the days `[effective_from, effective_to)` of the organisation's time zone; None is without end.
    With `exchange`, the price was in the rate's base currency, and is in its target now.
    """

    id: UUID
    organisation_id: UUID | None
    metric_name: str
    unit: str
    currency: str
    dimensions: Dimensions
    pool: str
    body: Mapping[str, Any]
    effective_from: date
    effective_to: date | None = None
    exchange: Rate | None = None

    def exchanged(self, rate: Rate) -> Rule | None:
        """The rule with its amounts in the rate's target currency; None where an amount is too large then."""
        if rate not in self._exchanged:
            try:
                body = exchanged_price(self.price, rate.rate).to_dict()
                self._exchanged[rate] = replace(self, body=body, exchange=rate)
            except PriceError:
                self._exchanged[rate] = None
        return self._exchanged[rate]

    @cached_property
    def _exchanged(self) -> dict[Rate, Rule | None]:
        """A rule of every customer is exchanged once for all of them."""
        return {}

    @cached_property
    def price(self) -> Price:
        """Raises PriceError if the body does not make a price."""
        return price_from_dict(self.body)

    @property
    def is_due_without_usage(self) -> bool:
        """Whether a customer who used nothing pays by this rule: only by one of its own that says so."""
        return self.organisation_id is not None and bool(self.body.get("charge_at_zero"))

    @property
    def free_events(self) -> int:
        """How many events of a month the rule may let go free; they have to be looked at one by one."""
        model = self.price.model if self.body.get("free_events") else None
        return (model.free_events or 0) if isinstance(model, Percentage) else 0

    @property
    def metric(self) -> tuple[str, str]:
        return self.metric_name, self.unit

    @property
    def key(self) -> PriceKey:
        return self.metric_name, self.unit, self.dimensions

    def covers(self, dimensions: Mapping[str, str]) -> bool:
        """Whether usage with these dimensions is the rule's business."""
        return dict(self.dimensions).items() <= dimensions.items()

    def holds_on(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)

    def holds_within(self, month: BillingPeriod) -> bool:
        """Whether it holds on any day of the month."""
        return self.effective_from < month.end and (self.effective_to is None or month.start < self.effective_to)

    @property
    def plain_unit_price(self) -> Decimal | None:
        """The price of a unit where nothing else makes the amount; None with free units or bounds, or other models."""
        price = self.price
        if not isinstance(price.model, PerUnit) or price.free_units or (price.minimum, price.maximum) != (None, None):
            return None
        return price.model.unit_price

    def needs_rate(self, currency: str) -> bool:
        """Whether the price is in another currency, and not exchanged."""
        return self.currency != currency and self.exchange is None

    def snapshot(self) -> dict[str, Any]:
        """The price as a line keeps it; of an exchanged one with the rate."""
        return {
            **self.price.to_dict(),
            "pricing_rule": str(self.id),
            "pool": self.pool,
            "effective_from": self.effective_from.isoformat(),
            "effective_to": self.effective_to.isoformat() if self.effective_to else None,
            **({"exchange": self.exchange.to_json()} if self.exchange else {}),
        }


class Used(Protocol):
    """What a rule has to know of usage to price it."""

    @property
    def metric_name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def dimensions(self) -> Dimensions: ...
    @property
    def day(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Version:
    """One rule on the days `[start, end)` of a month on which it is its price's version."""

    rule: Rule
    start: date
    end: date

    @property
    def price(self) -> Price:
        return self.rule.price

    def holds_on(self, day: date) -> bool:
        return self.start <= day < self.end


def choose_rule(rules: Iterable[Rule], used: Used, currency: str) -> Rule | None:
    """The organisation's own rule before a global one, then one in the organisation's currency before one that has to
    be exchanged, then the one that names most dimensions, valid on the day."""
    dimensions = dict(used.dimensions)
    fitting = [
        rule
        for rule in rules
        if (rule.metric_name, rule.unit) == (used.metric_name, used.unit)
        and rule.holds_on(used.day)
        and rule.covers(dimensions)
    ]
    # two rules that name equally many dimensions may both fit: the order of their text decides, always the same way
    return max(
        fitting,
        key=lambda rule: (*_standing(rule, currency), len(rule.dimensions), str(list(rule.dimensions))),
        default=None,
    )


def _standing(rule: Rule, currency: str) -> tuple[bool, bool]:
    return rule.organisation_id is not None, rule.currency == currency


class RulesOfMonth:
    """The rules that may price one organisation's usage of one month, found by what they are for. `currency` is the
    organisation's."""

    def __init__(self, rules: Sequence[Rule], month: BillingPeriod, currency: str) -> None:
        self.month, self.currency = month, currency
        self.has_other_currencies = any(rule.currency != currency for rule in rules)
        self._by_metric: defaultdict[tuple[str, str], list[Rule]] = defaultdict(list)
        self._by_price: defaultdict[PriceKey, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._by_metric[rule.metric_name, rule.unit].append(rule)
            self._by_price[rule.key].append(rule)

    def of(self, ids: Collection[UUID]) -> list[Rule]:
        return [rule for rules in self._by_price.values() for rule in rules if rule.id in ids]

    def choose(self, used: Used) -> Rule | None:
        return choose_rule(self._by_metric.get((used.metric_name, used.unit), ()), used, self.currency)

    def due_without_usage(self) -> list[PriceKey]:
        """The prices that are due without usage: what counts is the version at the month's end."""
        asking = {rule.key for rules in self._by_price.values() for rule in rules if rule.is_due_without_usage}
        return sorted(key for key in asking if self.versions(key)[-1].rule.is_due_without_usage)

    def versions(self, key: PriceKey) -> list[Version]:
        """The versions of one price in the month, by day. Where an organisation's own rule and a global one both hold,
        the own one is the version: a global rule that an own one interrupts is in the list twice. So is one that has
        to be exchanged and that one in the organisation's currency interrupts."""
        rules = self._by_price[key]
        edges = {edge for rule in rules for edge in (rule.effective_from, rule.effective_to) if edge is not None}
        days = [self.month.start, *sorted(day for day in edges if self.month.start < day < self.month.end)]
        found: list[Version] = []
        for start, end in pairwise([*days, self.month.end]):
            holding = [rule for rule in rules if rule.holds_on(start)]
            rule = max(holding, key=lambda rule: _standing(rule, self.currency), default=None)
            if rule is None:
                continue
            if found and found[-1].rule is rule and found[-1].end == start:
                start = found.pop().start
            found.append(Version(rule, start, end))
        return found
