"""Usage in, charge out: the values that price models speak, and the error they raise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.limits import (
    MAX_EVENT_COUNT,
    MAX_MONEY,
    QUANTITY_INTEGER_DIGITS,
    QUANTITY_PLACES,
    UNIT_PRICE_PLACES,
)
from billing_platform.lib.money import ZERO, MoneyError, parse_decimal

_PATH = re.compile(r"(?:tiers\[(\d+)\])?\.?(.*)")
_WORDS = {"up_to": "end", "tiers": "list of tiers", "event_count": "number of events"}


class PriceError(InvalidInput):
    """A price that cannot be used; `path` is where in the body, such as `tiers[1].up_to`, and `problem` what is said
    of that place: "must not be negative.", or a sentence of its own."""

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
    """What is to be priced: the aggregated quantity, and how many events it came in."""

    quantity: Decimal
    event_count: int = 0

    def __post_init__(self) -> None:
        check_number("quantity", self.quantity, QUANTITY_PLACES)
        if self.event_count < 0:
            raise PriceError("event_count", "must not be negative.")
        if self.event_count > MAX_EVENT_COUNT:
            raise PriceError("event_count", f"must be at most {MAX_EVENT_COUNT}.")


@dataclass(frozen=True, slots=True)
class ChargeDetail:
    """One step of the working: quantity times unit price, plus a flat fee."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    flat_fee: Decimal
    amount: Decimal

    @property
    def counts(self) -> bool:
        """Whether the step says anything: steps over nothing are left out of a charge."""
        return any((self.quantity, self.flat_fee, self.amount))

    def negated(self) -> ChargeDetail:
        """The same step given back."""
        return ChargeDetail(self.description, -self.quantity, self.unit_price, -self.flat_fee, -self.amount)

    def to_dict(self) -> dict[str, str]:
        """As it is kept, shown and sent: the one shape of a step, decimals as text without superfluous zeros."""
        numbers = ("quantity", "unit_price", "flat_fee", "amount")
        return {"description": self.description, **{name: short_text(getattr(self, name)) for name in numbers}}


@dataclass(frozen=True, slots=True)
class Charge:
    """An unrounded amount and the steps that add up to it."""

    exact_amount: Decimal
    details: tuple[ChargeDetail, ...]

    @classmethod
    def of(cls, details: Iterable[ChargeDetail]) -> Charge:
        steps = tuple(step for step in details if step.counts)
        return cls(sum((step.amount for step in steps), ZERO), steps)

    def negated(self) -> Charge:
        """The same charge given back."""
        return Charge(-self.exact_amount, tuple(detail.negated() for detail in self.details))

    def explanation(self) -> list[dict[str, str]]:
        """The details as JSON, decimals as text."""
        return [detail.to_dict() for detail in self.details]


def check_number(field: str, value: Decimal, places: int = UNIT_PRICE_PLACES) -> None:
    """A number of money, or of units where it has the decimals of a quantity. Raises PriceError beyond its bound."""
    digits = QUANTITY_INTEGER_DIGITS if places == QUANTITY_PLACES else MAX_MONEY.adjusted()
    try:
        parse_decimal(value, places=places, max_digits=digits)
    except MoneyError as error:
        raise PriceError(field, str(error)) from None
    if value < ZERO:
        raise PriceError(field, "must not be negative.")


def step(description: str, quantity: Decimal, unit_price: Decimal, flat_fee: Decimal = ZERO) -> ChargeDetail:
    return ChargeDetail(description, quantity, unit_price, flat_fee, quantity * unit_price + flat_fee)


def adjustment(minimum: Decimal | None, maximum: Decimal | None, amount: Decimal) -> ChargeDetail | None:
    """The step that lifts an amount to a minimum or lowers it to a maximum, if it needs one."""
    if minimum is not None and amount < minimum:
        return step("Up to the minimum", ZERO, ZERO, minimum - amount)
    if maximum is not None and amount > maximum:
        return step("Down to the maximum", ZERO, ZERO, maximum - amount)
    return None


def plain_text(number: Decimal) -> str:
    return f"{number:f}"


def short_text(number: Decimal) -> str:
    """For programs: 10 rather than 10.00000000, and never -0."""
    text = plain_text(number) if number else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text
