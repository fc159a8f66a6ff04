"""Exchange rates as values: one pair's rate out of what was published, by which rule, and how old it may be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import EXCHANGE_RATE_MAX_DAYS, EXCHANGE_RATE_WARN_DAYS, UNIT_PRICE_PLACES
from billing_platform.lib.money import Money, with_places
from billing_platform.lib.number_formats import format_number, short_text

BOOKS = "INR"
"""The currency of Indian sellers' books and returns."""

_OVER = (BOOKS, "EUR", "USD")
"""Of several currencies that a cross rate could go over by rates of one day, the first of these; then by code."""

Pair = tuple[str, str]


class RateKind(StrEnum):
    """How a rate came about, the better way first."""

    DIRECT = "direct"
    INVERSE = "inverse"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Rate:
    """One `base` is `rate` `target`, as published on the day `as_of`."""

    base: str
    target: str
    rate: Decimal
    as_of: date
    source: str
    kind: RateKind = RateKind.DIRECT

    @property
    def equation(self) -> str:
        """ "1 USD = 83.4725 INR"."""
        return f"1 {self.base} = {format_number(self.rate)} {self.target}"

    @property
    def text(self) -> str:
        """The rate with its day and source, as it is printed."""
        return f"{self.equation} on {day_text(self.as_of)} ({self.source})"

    def age(self, day: date) -> int:
        """Days from its publication to a day."""
        return (day - self.as_of).days

    def to_json(self) -> dict[str, str]:
        return {
            "base": self.base,
            "target": self.target,
            "rate": short_text(self.rate),
            "as_of": self.as_of.isoformat(),
            "source": self.source,
            "kind": str(self.kind),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Rate:
        return cls(
            content["base"],
            content["target"],
            Decimal(content["rate"]),
            date.fromisoformat(content["as_of"]),
            content["source"],
            RateKind(content.get("kind", RateKind.DIRECT)),
        )


class Published:
    """The last published rate of each pair up to a day."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._rates: dict[Pair, Rate] = {(each.base, each.target): each for each in rates}
        self._currencies = sorted({code for pair in self._rates for code in pair}, key=_preference)

    def between(self, base: str, target: str, *, day: date) -> Rate | None:
        """What one `base` is worth in `target`: the published rate, else the inverse of the opposite one, else a cross
        rate over one third currency. One that is more than EXCHANGE_RATE_MAX_DAYS old stands behind all that are not.

        Inverse and cross rates are rounded once, to UNIT_PRICE_PLACES decimals. None where there is no way.
        """
        found = [each for each in (self._direct(base, target), self._inverse(base, target)) if each is not None]
        crossed = [each for over in self._currencies if (each := self._cross(base, over, target)) is not None]
        newest_first = sorted(crossed, key=lambda each: each.as_of, reverse=True)  # stable: the preferred one first
        ways = [*found, *newest_first]
        return next((each for each in ways if each.age(day) <= EXCHANGE_RATE_MAX_DAYS), next(iter(ways), None))

    def _direct(self, base: str, target: str) -> Rate | None:
        return self._rates.get((base, target))

    def _inverse(self, base: str, target: str) -> Rate | None:
        opposite = self._rates.get((target, base))
        if opposite is None:
            return None
        value = _quotient(Decimal(1), opposite.rate)
        source = f"inverse of {opposite.equation}, {opposite.source}"
        return Rate(base, target, value, opposite.as_of, source, RateKind.INVERSE) if value else None

    def _cross(self, base: str, over: str, target: str) -> Rate | None:
        if over in (base, target):
            return None
        first, second = self._leg(base, over), self._leg(over, target)
        if first is None or second is None:
            return None
        times, by = Decimal(1), Decimal(1)
        for published, is_direct in (first, second):
            times, by = (times * published.rate, by) if is_direct else (times, by * published.rate)
        legs = [published for published, _is_direct in (first, second)]
        value = _quotient(times, by)
        source = "cross rate: " + "; ".join(f"{each.equation}, {each.source}" for each in legs)
        return Rate(base, target, value, min(leg.as_of for leg in legs), source, RateKind.CROSS) if value else None

    def _leg(self, base: str, target: str) -> tuple[Rate, bool] | None:
        """The published rate of two currencies, and whether it is stated in this direction."""
        direct, opposite = self._rates.get((base, target)), self._rates.get((target, base))
        if direct is not None:
            return direct, True
        return (opposite, False) if opposite is not None else None


def _preference(code: str) -> tuple[int, str]:
    return (_OVER.index(code) if code in _OVER else len(_OVER), code)


def _quotient(times: Decimal, by: Decimal) -> Decimal:
    return with_places(Money(times, BOOKS).divided(by).amount, UNIT_PRICE_PLACES)


def is_usable(rate: Rate | None, *, day: date) -> bool:
    """Nothing is published on Sundays and holidays, but a rate of last month is not the day's (CGST Rule 34)."""
    return rate is not None and rate.age(day) <= EXCHANGE_RATE_MAX_DAYS


def missing_text(base: str, target: str, day: date) -> str:
    return (
        f"There is no {base} to {target} exchange rate for {day_text(day)} or the {EXCHANGE_RATE_MAX_DAYS} days "
        "before: add one."
    )


def old_text(rate: Rate, day: date) -> str:
    """The sentence about a rate that is worth a look; empty for one of the last days."""
    if rate.age(day) <= EXCHANGE_RATE_WARN_DAYS:
        return ""
    return (
        f"The last {rate.base} to {rate.target} exchange rate is of {day_text(rate.as_of)}, {rate.age(day)} days "
        "old: add a newer one."
    )
