"""Discounts: what comes off the lines of a month before tax (s. 15(3)(a) CGST Act), in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.money import ZERO, exact_arithmetic, round_money
from billing_platform.lib.number_formats import format_money, format_percent
from invoicing.lines import Line, LineDiscount, LineKind
from invoicing.totals import spread_discount

_HUNDRED = Decimal(100)
DISCOUNTED_KINDS = frozenset({LineKind.USAGE, LineKind.LATE_USAGE, LineKind.RECURRING, LineKind.MINIMUM})
"""What a person typed on an invoice is charged as typed."""


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount of one customer that is valid in the month, with what issued invoices have used of it.

    `percent` or `amount` (in `currency`) comes off the lines of one metric, of one recurring fee, or of both and all
    else. `times`: on how many invoices at most; None: on each. With `carries_remainder`, `amount` is a balance that is
    used up over as many invoices as it takes; otherwise it is the most that each invoice gets.
    """

    id: UUID
    name: str
    effective_from: date
    percent: Decimal | None = None
    amount: Decimal | None = None
    currency: str = ""
    metric: tuple[str, str] | None = None
    metric_title: str = ""
    recurring_fee_id: UUID | None = None
    recurring_fee_title: str = ""
    times: int | None = None
    carries_remainder: bool = False
    used_times: int = 0
    used_amount: Decimal = ZERO

    @property
    def is_limited(self) -> bool:
        return self.metric is not None or self.recurring_fee_id is not None

    @property
    def is_used_up(self) -> bool:
        if self.carries_remainder:
            return self._left <= ZERO
        return self.times is not None and self.used_times >= self.times

    @property
    def _left(self) -> Decimal:
        """What a fixed discount may take off one invoice."""
        amount = self.amount or ZERO
        return amount - self.used_amount if self.carries_remainder else amount

    @property
    def terms(self) -> str:
        """ "10%", "₹300.00 off API calls"."""
        target = self.metric_title or self.recurring_fee_title
        if self.percent is not None:
            return format_percent(self.percent) + (f" of {target}" if target else "")
        return format_money(self.amount or ZERO, self.currency) + (f" off {target}" if target else "")

    def reaches(self, line: Line) -> bool:
        if line.kind not in DISCOUNTED_KINDS:
            return False
        if self.metric is not None:
            return line.metric == self.metric
        return self.recurring_fee_id is None or line.recurring_fee_id == self.recurring_fee_id

    def worth(self, base: Decimal, currency: str) -> Decimal:
        """What it takes off lines of this value: rounded, and never more than the value."""
        if self.percent is None:
            return min(self._left, base)
        with exact_arithmetic():
            exact = base * self.percent / _HUNDRED
        return round_money(exact, currency)


def discounted(lines: Sequence[Line], discounts: Iterable[Discount], currency: str) -> tuple[Line, ...]:
    """The lines with the discounts taken off, each from what the ones before it left.

    First those of one metric or fee, then those on everything; among equals the older first. A line below zero, such
    as a correction, is never discounted, but lessens what the others' discount is computed from: so a customer with
    10 % off gets 10 % off what it owes. The discounts stop where the invoice's lines come to zero.
    """
    found = list(lines)
    usable = [each for each in discounts if not each.is_used_up and each.currency in ("", currency)]
    for discount in sorted(usable, key=lambda each: (not each.is_limited, each.effective_from)):
        found = _taken_off(found, discount, currency)
    return tuple(found)


def _taken_off(lines: list[Line], discount: Discount, currency: str) -> list[Line]:
    reached = [index for index, line in enumerate(lines) if discount.reaches(line)]
    whole = sum((line.discounted_amount for line in lines), ZERO)
    base = min(sum((lines[index].discounted_amount for index in reached), ZERO), whole)
    worth = discount.worth(base, currency) if base > ZERO else ZERO
    if worth <= ZERO:
        return lines
    found = list(lines)
    spread = spread_discount([lines[index] for index in reached], worth, currency)
    for index, line in zip(reached, spread, strict=True):
        part = line.discount - lines[index].discount
        if part:
            taken = LineDiscount(discount.id, discount.name, discount.terms, part)
            found[index] = replace(line, discounts=(*line.discounts, taken))
    return found
