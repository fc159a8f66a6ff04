"""Which rule prices which usage, and which rules are versions of one price, one after another in a month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Protocol

from billing_platform.lib.periods import BillingPeriod
from invoicing.models import PricingRule
from invoicing.pricing import Price
from organisations.models import Organisation

PriceKey = tuple[str, str, tuple[tuple[str, str], ...]]
"""Metric, unit and dimensions: rules that agree in them are versions of one price."""


class Used(Protocol):
    """What a rule has to know of usage to price it."""

    @property
    def metric_name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def day(self) -> date: ...


@dataclass(frozen=True)
class Version:
    """One rule on the days `[start, end)` of a month on which it is its price's version."""

    rule: PricingRule
    start: date
    end: date

    @cached_property
    def price(self) -> Price:
        return self.rule.price

    def holds_on(self, day: date) -> bool:
        return self.start <= day < self.end


def rules_for(organisation: Organisation, month: BillingPeriod) -> list[PricingRule]:
    return list(PricingRule.objects.applying_to(organisation).during(month.start, month.end))


def price_key(rule: PricingRule) -> PriceKey:
    return rule.metric_name, rule.unit, tuple(sorted(rule.dimensions.items()))


def choose_rule(rules: Iterable[PricingRule], used: Used) -> PricingRule | None:
    """The organisation's own rule before a global one, then the one that names most dimensions, valid on the day."""
    dimensions = dict(used.dimensions)
    fitting = [
        rule
        for rule in rules
        if (rule.metric_name, rule.unit) == (used.metric_name, used.unit)
        and rule.holds_on(used.day)
        and rule.covers(dimensions)
    ]
    # two rules that name equally many dimensions may both fit: any fixed order will do, as long as it is fixed
    return max(
        fitting,
        key=lambda rule: (rule.organisation_id is not None, len(rule.dimensions), str(sorted(rule.dimensions.items()))),
        default=None,
    )


class RulesOfMonth:
    """The rules that may price one organisation's usage of one month, found by what they are for."""

    def __init__(self, rules: Sequence[PricingRule], month: BillingPeriod) -> None:
        self.month = month
        self._by_metric: defaultdict[tuple[str, str], list[PricingRule]] = defaultdict(list)
        self._by_price: defaultdict[PriceKey, list[PricingRule]] = defaultdict(list)
        for rule in rules:
            self._by_metric[rule.metric_name, rule.unit].append(rule)
            self._by_price[price_key(rule)].append(rule)

    def choose(self, used: Used) -> PricingRule | None:
        return choose_rule(self._by_metric.get((used.metric_name, used.unit), ()), used)

    def versions(self, key: PriceKey) -> list[Version]:
        """The versions of one price in the month, by day. Where a customer's own rule and a global one both hold, the
        own one is the version: so a global rule that it interrupts is there twice."""
        rules = self._by_price[key]
        edges = {edge for rule in rules for edge in (rule.effective_from, rule.effective_to) if edge is not None}
        days = [self.month.start, *sorted(day for day in edges if self.month.start < day < self.month.end)]
        found: list[Version] = []
        for start, end in pairwise([*days, self.month.end]):
            holding = [rule for rule in rules if rule.holds_on(start)]
            rule = max(holding, key=lambda rule: rule.organisation_id is not None, default=None)
            if rule is None:
                continue
            if found and found[-1].rule is rule and found[-1].end == start:
                start = found.pop().start
            found.append(Version(rule, start, end))
        return found
