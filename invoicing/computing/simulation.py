"""A change of prices simulated: months of use priced by the prices in force, and by drafts that stand before them.

Pure, and the same arithmetic as an invoice's: usage, fees, minimum and discounts, before tax.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.money import ZERO, with_places
from invoicing.computing.discounts import Discount
from invoicing.computing.invoice import lines_of_month
from invoicing.computing.terms import Terms
from invoicing.lines import LineKind
from invoicing.pricing.month_facts import MonthFacts
from invoicing.pricing.rules import Rule


@dataclass(frozen=True, slots=True)
class MonthOfUse:
    """One month of a customer, whole: whenever its usage was reported, and whatever invoices have charged for it."""

    month: MonthFacts
    terms: Terms


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a discount has given so far: on how many invoices, and how much."""

    times: int = 0
    amount: Decimal = ZERO


@dataclass(slots=True)
class Charged:
    """What some months come to under one set of prices, before tax. `usage` is the part that prices make, before
    minimum charges and discounts; `left_out` counts metrics in months whose usage is on no line."""

    total: Decimal = ZERO
    usage: Decimal = ZERO
    left_out: int = 0
    redeemed: defaultdict[UUID, Redeemed] = field(default_factory=lambda: defaultdict(Redeemed))

    def add(self, month: MonthFacts, terms: Terms) -> None:
        """Charge one more month, later than those before it."""
        lines, warnings = lines_of_month(month, self._terms(terms))
        taken: defaultdict[UUID, Decimal] = defaultdict(Decimal)
        for line in lines:
            self.total += line.discounted_amount
            if line.kind == LineKind.USAGE:
                self.usage += line.amount
            for discount in line.discounts:
                taken[discount.discount_id] += discount.amount
        for pk, amount in taken.items():
            before = self.redeemed[pk]
            self.redeemed[pk] = Redeemed(before.times + 1, before.amount + amount)
        self.left_out += len({(each.metric_name, each.unit) for each in warnings if each.metric_name is not None})

    def _terms(self, terms: Terms) -> Terms:
        """The minimum is of the whole month, and a discount is used up by the months before."""
        minimum = replace(terms.minimum, elsewhere={}) if terms.minimum is not None else None
        return replace(terms, minimum=minimum, discounts=tuple(self._as_used(each) for each in terms.discounts))

    def _as_used(self, discount: Discount) -> Discount:
        so_far = self.redeemed[discount.id]
        return replace(discount, used_times=so_far.times, used_amount=so_far.amount)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some months of one customer under the prices in force and under the drafts."""

    months: int
    before: Charged
    after: Charged

    @property
    def delta(self) -> Decimal:
        """How much more the customer would have paid; negative: less."""
        return self.after.total - self.before.total

    @property
    def percent(self) -> Decimal | None:
        return percent_of(self.delta, self.before.total)


def compare(
    months: Sequence[MonthOfUse], drafts: Sequence[Rule], redeemed: Mapping[UUID, Redeemed] | None = None
) -> Comparison:
    """Months of one customer, oldest first. `redeemed` is what its discounts gave before the first of them."""
    before, after = (Charged(redeemed=defaultdict(Redeemed, redeemed or {})) for _each in range(2))
    for each in months:
        before.add(each.month, each.terms)
        after.add(drafted(each.month, drafts), each.terms)
    return Comparison(len(months), before, after)


def drafted(month: MonthFacts, drafts: Iterable[Rule]) -> MonthFacts:
    """The month with draft prices. A draft takes the place of the price for the same usage on its days: of two rules
    that name the same, the one that is told first is the one that holds."""
    first = tuple(drafts)
    return replace(month, months=tuple(replace(used, rules=(*first, *used.rules)) for used in month.months))


def percent_of(delta: Decimal, before: Decimal) -> Decimal | None:
    """A change in percent of what was before, with two decimals; None where nothing was."""
    return with_places(delta * 100 / before, 2) if before else None
