"""What a customer has agreed on beside the prices of usage: recurring fees, a minimum and discounts, for one month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invoicing.computing.discounts import Discount, discounted
from invoicing.computing.minimum_charges import MinimumFacts, minimum_lines
from invoicing.computing.recurring_fees import Fee, fee_lines, fee_warnings
from invoicing.draft_warnings import DraftWarning
from invoicing.lines import Line
from invoicing.pricing.month_facts import MonthFacts


@dataclass(frozen=True, slots=True)
class Terms:
    """The frozen facts of a month's fees, minimum and discounts. `minimum` is None where no minimum reaches the month
    or an earlier one whose usage came late."""

    fees: tuple[Fee, ...] = ()
    minimum: MinimumFacts | None = None
    discounts: tuple[Discount, ...] = ()


def agreed_lines(month: MonthFacts, terms: Terms, usage: Sequence[Line]) -> tuple[Line, ...]:
    """The lines of a month: usage, then recurring fees, then what is missing to the minimum; before discounts."""
    fees = fee_lines(terms.fees, month.period, month.currency)
    minimum = minimum_lines(month, terms.minimum, [*usage, *fees]) if terms.minimum is not None else ()
    return (*usage, *fees, *minimum)


def agreed_discounts(month: MonthFacts, terms: Terms, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with the discounts taken off, in their order."""
    return discounted(lines, terms.discounts, month.currency)


def agreed_warnings(month: MonthFacts, terms: Terms) -> list[DraftWarning]:
    return fee_warnings(terms.fees, month.currency)
