"""Safety bounds: when a person should look at a month's invoice before it is issued.

They catch what no rule forbids: a price with a zero too many, an application that reports in a loop, one that stopped
reporting. The usual is the mean of the customer's last month invoices, as `invoicing.selectors.month_history` gives
them. Nothing is divided to decide, so no rounding decides; docs/operations.md names the defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.money import ZERO, round_money
from billing_platform.lib.number_formats import format_money, format_number
from billing_platform.lib.periods import BillingPeriod

USUAL_MONTHS = 3
"""How many of the last month invoices make the usual."""


class BoundCode(StrEnum):
    """Why an invoice is out of bounds."""

    NEGATIVE_TOTAL = "NEGATIVE_TOTAL"
    NOTHING_PRICED = "NOTHING_PRICED"
    NOTHING_AFTER_USAGE = "NOTHING_AFTER_USAGE"
    FAR_ABOVE_USUAL = "FAR_ABOVE_USUAL"
    FAR_BELOW_USUAL = "FAR_BELOW_USUAL"
    TOO_MANY_LINES = "TOO_MANY_LINES"
    ABOVE_LIMIT = "ABOVE_LIMIT"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one customer, amounts in its currency and with tax.

    `times`: the total may be that many times the usual, and the usual that many times the total; zero: any. `lines`:
    the invoice may have that many. `most`: the total may come to that; None: to anything. While total and usual are
    both below `small` they are not compared.
    """

    times: Decimal
    lines: int
    most: Decimal | None = None
    small: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """What one earlier month was invoiced at, tax included and less what was credited."""

    month: date
    total: Decimal


@dataclass(frozen=True, slots=True)
class MonthDraft:
    """What is looked at: a month's invoice as it is computed by now. `remarks` are the sentences about usage that is on
    no line."""

    month: date
    currency: str
    total: Decimal
    lines: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutOfBounds:
    """One reason, for programs and in a sentence for people."""

    code: BoundCode
    sentence: str


def out_of_bounds(draft: MonthDraft, *, history: Sequence[MonthTotal], bounds: Bounds) -> tuple[OutOfBounds, ...]:
    """Every reason why a person should look first; empty when nothing speaks against the invoice.

    `history` are earlier months' invoices in the draft's currency, the latest first.
    """
    return tuple(_reasons(draft, history[:USUAL_MONTHS], bounds))


def usual(history: Sequence[MonthTotal], currency: str) -> Decimal | None:
    """The mean of the last months' totals, rounded; None without any."""
    latest = history[:USUAL_MONTHS]
    return round_money(_sum(latest) / len(latest), currency) if latest else None


def _reasons(draft: MonthDraft, history: Sequence[MonthTotal], bounds: Bounds) -> Iterator[OutOfBounds]:
    if draft.total < ZERO:
        yield OutOfBounds(BoundCode.NEGATIVE_TOTAL, f"The total of {_money(draft)} is negative.")
    if not draft.lines and draft.remarks:
        yield OutOfBounds(BoundCode.NOTHING_PRICED, " ".join(draft.remarks))
    yield from _compared(draft, history, bounds)
    if draft.lines > bounds.lines:
        sentence = f"{format_number(draft.lines)} lines are more than the {format_number(bounds.lines)} allowed."
        yield OutOfBounds(BoundCode.TOO_MANY_LINES, sentence)
    if bounds.most is not None and draft.total > bounds.most:
        limit = format_money(bounds.most, draft.currency)
        yield OutOfBounds(BoundCode.ABOVE_LIMIT, f"The total of {_money(draft)} is above the limit of {limit}.")


def _compared(draft: MonthDraft, history: Sequence[MonthTotal], bounds: Bounds) -> Iterator[OutOfBounds]:
    """Against the usual. A month of nothing is told of once: it is compared with the month right before it."""
    total, count, before = draft.total, len(history), _sum(history)
    if not history or not bounds.times or (total < bounds.small and before < bounds.small * count):
        return
    if total == ZERO:
        latest = history[0]
        is_told = not draft.lines and bool(draft.remarks)
        if not is_told and latest.month == BillingPeriod.of(draft.month).previous().start and latest.total > ZERO:
            amount = format_money(latest.total, draft.currency)
            sentence = f"There is nothing to pay, after {amount} for {month_text(latest.month)}."
            yield OutOfBounds(BoundCode.NOTHING_AFTER_USAGE, sentence)
    elif total * count > bounds.times * before and before > ZERO:
        yield OutOfBounds(
            BoundCode.FAR_ABOVE_USUAL,
            f"The total of {_money(draft)} is more than {format_number(bounds.times)} times {_usual(draft, history)}.",
        )
    elif ZERO < total * count * bounds.times < before:
        yield OutOfBounds(
            BoundCode.FAR_BELOW_USUAL,
            f"The total of {_money(draft)} is less than 1/{format_number(bounds.times)} of {_usual(draft, history)}.",
        )


def _usual(draft: MonthDraft, history: Sequence[MonthTotal]) -> str:
    mean = format_money(usual(history, draft.currency) or ZERO, draft.currency)
    last = "the last invoice" if len(history) == 1 else f"the mean of the last {len(history)}"
    return f"the usual {mean} ({last})"


def _money(draft: MonthDraft) -> str:
    return format_money(draft.total, draft.currency)


def _sum(history: Sequence[MonthTotal]) -> Decimal:
    return sum((each.total for each in history), ZERO)
