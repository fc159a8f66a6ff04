"""What a price costs, before it is saved: some quantities, the working of one, and a chart of cost by quantity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils.safestring import SafeString

from billing_platform.lib.admin.charts.line import line_chart
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.limits import MAX_EVENT_COUNT, QUANTITY_PLACES
from billing_platform.lib.money import ZERO, with_places
from billing_platform.lib.number_formats import (
    NumberError,
    format_events,
    format_money,
    format_number,
    format_price,
    parse_decimal,
)
from invoicing.admin.prices.price_words import whole_price_text
from invoicing.pricing import Percentage, Price, Usage
from invoicing.services.prices import price_book

SAMPLES = 60  # of the chart's line, beside the quantities at which a price bends
MOST_BENDS = 40
ROWS = 7
PLAIN_QUANTITIES = tuple(Decimal(10) ** power for power in range(5))
PACKAGES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """The quantity that a person asks for, and the number of events that it comes in. None: what suits the price."""

    quantity: Decimal | None = None
    events: int | None = None

    @classmethod
    def read(cls, quantity: str, events: str) -> Asked:
        """What was typed. Raises InvalidInput at `quantity` or `events`."""
        return cls(
            _number("quantity", quantity, QUANTITY_PLACES) if quantity.strip() else None,
            _events(events) if events.strip() else None,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A price as its preview shows it."""

    words: str
    events: str
    """How many events the quantities come in, where the price counts them."""
    rows: tuple[dict[str, Any], ...]
    chart: SafeString
    asked: dict[str, Any] | None
    unit: str
    """The word for one of what is priced, where it is known."""


def show(price: Price, *, currency: str, asked: Asked | None = None, unit: str = "") -> Shown:
    """The preview of a price per `unit`. Raises InvalidInput for a quantity beyond the limits."""
    quantity = asked.quantity if asked else None
    quantities = quantities_of(price)
    if quantity is not None:
        quantities = sorted({*quantities, quantity})
    counted = isinstance(price.model, Percentage)
    events = asked.events if asked and asked.events is not None else _usual_events(price)
    return Shown(
        words=whole_price_text(price.to_dict(), currency),
        events=format_events(events) if counted else "",
        rows=tuple(_row(price, currency, each, events, is_asked=each == quantity) for each in quantities),
        chart=chart_of(price, currency=currency, last=quantities[-1] or Decimal(1), events=events),
        asked=None if quantity is None else _working(price, currency, Usage(quantity, events if quantity else 0)),
        unit=unit,
    )


def _usual_events(price: Price) -> int:
    """Enough events to go beyond those that are free."""
    return 2 * (getattr(price.model, "free_events", None) or 0) or 1


def quantities_of(price: Price) -> list[Decimal]:
    """Quantities that tell something about a price: where it bends, between, and beyond; in rising order."""
    bends = bends_of(price)
    if not bends:
        return list(PLAIN_QUANTITIES)
    shown = bends if len(bends) < ROWS else [*bends[: ROWS - 2], bends[-1]]
    first = price.free_units if price.free_units else shown[0]
    return sorted({*shown, shown[-1] * 2, with_places(first / 2, QUANTITY_PLACES).normalize() + ZERO})


def bends_of(price: Price) -> list[Decimal]:
    """The quantities above zero at which another part of the price begins, in rising order."""
    tiers = getattr(price.model, "tiers", ())
    size = getattr(price.model, "package_size", None)
    ends = [tier.up_to for tier in tiers if tier.up_to is not None]
    packages = [size * count for count in range(1, PACKAGES_SHOWN + 1)] if size is not None else []
    free = [price.free_units] if price.free_units else []
    return sorted({*free, *(price.free_units + each for each in [*ends, *packages])})


def chart_of(price: Price, *, currency: str, last: Decimal, events: int) -> SafeString:
    """Cost against quantity from zero to `last`, with the quantities where the price bends."""
    tick = last / 1000
    bends = [each for each in bends_of(price)[:MOST_BENDS] if each < last]
    sampled = {last * step / SAMPLES for step in range(SAMPLES + 1)}
    places = [with_places(each, QUANTITY_PLACES) for each in {*sampled, *bends, *(each + tick for each in bends)}]
    costs = [(each, price.charge(Usage(each, events if each else 0)).exact_amount) for each in sorted(places)]
    return line_chart(
        "Cost by quantity", costs, marks=bends, across=format_number, shown=partial(format_money, currency=currency)
    )


def _row(price: Price, currency: str, quantity: Decimal, events: int, *, is_asked: bool) -> dict[str, Any]:
    found = price_book.preview(price=price, currency=currency, usage=Usage(quantity, events if quantity else 0))
    per_unit = found.amount.amount / quantity if quantity else ZERO
    return {
        "quantity": format_number(quantity),
        "amount": format_money(found.amount.amount, currency),
        "per_unit": format_price(_shown_per_unit(per_unit), currency),
        "is_asked": is_asked,
    }


def _shown_per_unit(price: Decimal) -> Decimal:
    """Four decimals, and of a price below 0.1 its first four digits: 0.00025 stays 0.00025."""
    return with_places(price, max(4, 3 - price.adjusted())).normalize() + ZERO


def _working(price: Price, currency: str, usage: Usage) -> dict[str, Any]:
    found = price_book.preview(price=price, currency=currency, usage=usage)
    return {
        "quantity": format_number(usage.quantity),
        "amount": format_money(found.amount.amount, currency),
        "steps": list(_steps(found.explanation, currency)),
    }


def _steps(explanation: Iterable[dict[str, str]], currency: str) -> Iterable[dict[str, str]]:
    for step in explanation:
        numbers = {name: Decimal(step[name]) for name in ("quantity", "unit_price", "flat_fee", "amount")}
        yield {
            "description": step["description"],
            "quantity": format_number(numbers["quantity"]) if numbers["quantity"] else "",
            "unit_price": format_price(numbers["unit_price"], currency) if numbers["unit_price"] else "",
            "flat_fee": format_price(numbers["flat_fee"], currency) if numbers["flat_fee"] else "",
            "amount": format_price(numbers["amount"], currency),
        }


def _number(field: str, typed: str, places: int) -> Decimal:
    try:
        number = parse_decimal(typed, places=places)
    except NumberError as error:
        raise InvalidInput.field(field, str(error)) from None
    if number < ZERO:
        raise InvalidInput.field(field, "Write a number that is not negative.")
    return number


def _events(typed: str) -> int:
    number = _number("events", typed, 0)
    if number > MAX_EVENT_COUNT:
        raise InvalidInput.field("events", f"Write at most {MAX_EVENT_COUNT}.")
    return int(number)
