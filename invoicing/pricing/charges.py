"""Usage in, charge out: the values that price models speak, and the error they raise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.limits import (
    MAX_EVENT_COUNT,
    MAX_MONEY,
    QUANTITY_INTEGER_DIGITS,
    QUANTITY_PLACES,
    UNIT_PRICE_PLACES,
)
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import NumberError, parse_decimal
from invoicing.steps import Step

_PATH = re.compile(r"(?:tiers\[(\d+)\])?\.?(.*)")
_WORDS = {"up_to": "end", "tiers": "list of tiers", "event_count": "number of events"}


class PriceError(InvalidInput):
    """A price that cannot be used. `path` is the place in the body, such as `tiers[1].up_to`; `problem` is the end of a
    sentence about that place, such as "must not be negative.", or a sentence of its own."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        self.sentence = _sentence(path, problem)
        super().__init__(f"{path}: {self.sentence}", details={path: [self.sentence]})


def _sentence(path: str, problem: str) -> str:
    """ "The end of tier 2 must be greater than 5." for `tiers[1].up_to`: people count tiers from 1."""
    index, field = _PATH.fullmatch(path).groups()  # type: ignore[union-attr]  # it takes any text
    tier = f"tier {int(index) + 1}" if index else ""
    words = _WORDS.get(field, field.replace("_", " "))
    place = " of ".join(part for part in (words, tier) if part)
    return f"The {place} {problem}" if problem[0].islower() else f"The {place}: {problem[0].lower()}{problem[1:]}"


@dataclass(frozen=True, slots=True)
class Usage:
    """What is to be priced: the aggregated quantity, and how many events it came in.

    `first_events` are the amounts of the first events, in the order in which they happened. None: not known; they
    count as equally large.
    """

    quantity: Decimal
    event_count: int = 0
    first_events: tuple[Decimal, ...] | None = None

    def __post_init__(self) -> None:
        check_number("quantity", self.quantity, QUANTITY_PLACES)
        if self.event_count < 0:
            raise PriceError("event_count", "must not be negative.")
        if self.event_count > MAX_EVENT_COUNT:
            raise PriceError("event_count", f"must be at most {MAX_EVENT_COUNT}.")

    def amounts_of_first_events(self, most: int) -> Sequence[Decimal]:
        """What the first events came to, at most `most` of them."""
        many = min(most, self.event_count)
        if self.first_events is not None:
            return self.first_events[:many]
        whole = int(self.quantity.scaleb(QUANTITY_PLACES))
        sums = [Decimal(whole * count // self.event_count).scaleb(-QUANTITY_PLACES) for count in range(1, many + 1)]
        return [after - before for before, after in pairwise([ZERO, *sums])]


@dataclass(frozen=True, slots=True)
class Charge:
    """An unrounded amount and the steps that add up to it."""

    exact_amount: Decimal
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Charge:
        counting = tuple(step for step in steps if step.counts)
        return cls(sum((step.amount for step in counting), ZERO), counting)

    def negated(self) -> Charge:
        """The same charge with the sign reversed: a credit."""
        return Charge(-self.exact_amount, tuple(step.negated() for step in self.steps))

    def explanation(self) -> list[dict[str, Any]]:
        """The steps as JSON, decimals as text."""
        return [step.to_json() for step in self.steps]


NO_CHARGE = Charge(ZERO, ())


def check_number(field: str, value: Decimal, places: int = UNIT_PRICE_PLACES) -> None:
    """A number of money, or of units where it has the decimals of a quantity. Raises PriceError beyond its bound."""
    digits = QUANTITY_INTEGER_DIGITS if places == QUANTITY_PLACES else MAX_MONEY.adjusted()
    try:
        parse_decimal(value, places=places, max_digits=digits)
    except NumberError as error:
        raise PriceError(field, str(error)) from None
    if value < ZERO:
        raise PriceError(field, "must not be negative.")


def step(description: str, quantity: Decimal, unit_price: Decimal, flat_fee: Decimal = ZERO) -> Step:
    return Step(description, quantity, unit_price, flat_fee, quantity * unit_price + flat_fee)


def adjustment(minimum: Decimal | None, maximum: Decimal | None, amount: Decimal) -> Step | None:
    """The step that lifts an amount to a minimum or lowers it to a maximum, if it needs one."""
    if minimum is not None and amount < minimum:
        return step("Up to the minimum", ZERO, ZERO, minimum - amount)
    if maximum is not None and amount > maximum:
        return step("Down to the maximum", ZERO, ZERO, maximum - amount)
    return None
