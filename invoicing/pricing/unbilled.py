"""Usage that can't become a line: it has no price, or comes to more than a line can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from billing_platform.lib.limits import MAX_MONEY, QUANTITY_INTEGER_DIGITS
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_events, format_money, unit_for
from events.usage.metered import MeteredUsage, MetricKey, MetricWords
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line
from invoicing.pricing.rules import Rule
from invoicing.rates import missing_text

MAX_QUANTITY = Decimal(10) ** QUANTITY_INTEGER_DIGITS
"""Every quantity of a line stays below it: its column holds no more."""


def unpriced_usage(rows: Iterable[MeteredUsage], words: Mapping[MetricKey, MetricWords]) -> tuple[DraftWarning, ...]:
    """A warning for each metric that no price covers. Usage that was voided again needs no price."""
    found: dict[MetricKey, tuple[Decimal, int]] = {}
    for row in rows:
        quantity, events = found.get(row.metric, (ZERO, 0))
        found[row.metric] = quantity + row.quantity, events + row.event_count
    return tuple(
        _unpriced(metric, words[metric], quantity, events)
        for metric, (quantity, events) in sorted(found.items())
        if quantity > ZERO or events > 0
    )


def _unpriced(metric: MetricKey, words: MetricWords, quantity: Decimal, event_count: int) -> DraftWarning:
    verb = unit_for(quantity, "is", "are")
    return DraftWarning(
        WarningCode.UNPRICED_USAGE,
        f"No price covers {words.name}: {words.quantity_text(quantity)} in {format_events(event_count)} {verb} not "
        "billed.",
        metric_name=metric[0],
        unit=metric[1],
        quantity=quantity,
        event_count=event_count,
    )


def quantity_too_large(metric: MetricKey, words: MetricWords, quantity: Decimal) -> DraftWarning:
    return DraftWarning(
        WarningCode.QUANTITY_TOO_LARGE,
        f"{words.title} can't be billed: {words.quantity_text(quantity)} in a month are more than "
        f"{QUANTITY_INTEGER_DIGITS} digits. Void or correct the events that are wrong.",
        blocks=True,
        metric_name=metric[0],
        unit=metric[1],
    )


def rate_missing(rule: Rule, words: MetricWords, currency: str, day: date) -> DraftWarning:
    """Usage whose price is in another currency, and no rate exchanges it: to issue without it would bill it never."""
    return DraftWarning(
        WarningCode.EXCHANGE_RATE_MISSING,
        f"{words.title} can't be billed: its price is in {rule.currency}. {missing_text(rule.currency, currency, day)}",
        blocks=True,
        metric_name=rule.metric_name,
        unit=rule.unit,
        currency=rule.currency,
    )


def amount_too_large(metric: MetricKey, title: str, amount: Decimal, currency: str) -> DraftWarning:
    """`amount` is the line's, or that of the invoice together with the line."""
    return DraftWarning(
        WarningCode.AMOUNT_TOO_LARGE,
        f"{title} can't be billed: {format_money(amount, currency)} is too large an amount. An invoice's "
        f"lines stay below {format_money(MAX_MONEY, currency)} in all. Check the events and the price.",
        blocks=True,
        metric_name=metric[0],
        unit=metric[1],
    )


def within_bounds(lines: Sequence[Line], currency: str) -> tuple[tuple[Line, ...], tuple[DraftWarning, ...]]:
    """The lines whose sum an invoice can hold, and a blocking warning for each line that had to be left off."""
    billed, left_off, together = [], [], ZERO
    for line in lines:
        if together + abs(line.amount) < MAX_MONEY:
            together += abs(line.amount)
            billed.append(line)
        else:
            sum_with_line = together + abs(line.amount)
            left_off.append(amount_too_large(line.metric, line.description, sum_with_line, currency))
    return tuple(billed), tuple(left_off)
