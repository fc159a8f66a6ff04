"""From the quantity of a meter's month to the one that is priced: converted into another unit, and rounded. Pure.

The factor is exact, since it is a fraction, and the result is rounded once. The rounding belongs to the month: days are
rounded as a running sum, so that those of any split add up to the rounded month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.number_formats import format_number, format_quantity
from events.usage.metered import Meter, MeteredUsage, MetricKey, MetricWords

NONE, UP, DOWN, NEAREST = "none", "up", "down", "nearest"
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Conversion:
    """`multiplier` over `divisor`, then `rounding` to so many places: up is away from zero, down towards it, and halves
    are away from zero. Without a rounding, the quantity has the decimals that every quantity has.

    `one` and `many` are the words of the unit that it makes; empty where it is the unit of the usage.
    """

    multiplier: Decimal = ONE
    divisor: Decimal = ONE
    rounding: str = NONE
    places: int = 0
    one: str = ""
    many: str = ""

    @property
    def changes_unit(self) -> bool:
        return self.multiplier != self.divisor

    def of(self, quantity: Decimal | Fraction) -> Decimal:
        exact = Fraction(quantity) * self._factor
        if self.rounding == NONE:
            return _rounded(exact, NEAREST, QUANTITY_PLACES)
        return _rounded(exact, self.rounding, self.places)

    def of_one_event(self, quantity: Decimal) -> Decimal:
        """The same without the rounding, which is one of the month."""
        return replace(self, rounding=NONE).of(quantity)

    def billed_words(self, words: MetricWords) -> MetricWords:
        """The words of what is priced, from those of what is measured."""
        return replace(words, one=self.one, many=self.many or self.one) if self.one else words

    def in_words(self, told: Converted, words: MetricWords) -> list[str]:
        """What became of the usage of a line, in sentences. `words` are those of the usage."""
        of_billing, found = self.billed_words(words), []
        if self.changes_unit:
            product = self.of_one_event(told.measured)
            sign = "=" if Fraction(told.measured) * self._factor == Fraction(product) else "≈"
            measured = words.quantity_text(told.measured)
            found.append(f"{measured} × {self._factor_text} {sign} {of_billing.quantity_text(product)}")
        if self.rounding != NONE:
            rounded = {UP: "Rounded up", DOWN: "Rounded down", NEAREST: "Rounded"}[self.rounding]
            decimals = format_quantity(self.places, "decimal", "decimals")
            to = f"to {decimals}" if self.places else f"to whole {of_billing.many}"
            each = f", each of {told.meters} meters by itself" if told.meters > 1 else ""
            over = ", over the whole month" if told.is_part else ""
            found.append(f"{rounded} {to}{each}{over}: {of_billing.quantity_text(told.billed)}")
        return found

    @property
    def _factor(self) -> Fraction:
        return Fraction(self.multiplier) / Fraction(self.divisor)

    @property
    def _factor_text(self) -> str:
        multiplier = format_number(self.multiplier)
        return multiplier if self.divisor == ONE else f"{multiplier}/{format_number(self.divisor)}"


@dataclass(frozen=True, slots=True)
class Converted:
    """What was measured and what is priced, of so many meters; `is_part`: on some days of the month only."""

    measured: Decimal
    billed: Decimal
    meters: int = 1
    is_part: bool = False


Conversions = Mapping[MetricKey, Conversion]


def converted(rows: Sequence[MeteredUsage], conversions: Conversions) -> tuple[MeteredUsage, ...]:
    """The rows of one month, in their order, in the units that are priced; `measured` keeps what they were."""
    if not any(row.metric in conversions for row in rows):
        return tuple(rows)
    found = list(rows)
    meters: defaultdict[Meter, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if row.metric in conversions:
            meters[row.meter].append(number)
    for numbers in meters.values():
        conversion = conversions[rows[numbers[0]].metric]
        so_far, billed = Fraction(0), Decimal(0)
        for number in sorted(numbers, key=lambda number: rows[number].day):
            so_far += Fraction(rows[number].quantity)
            together = conversion.of(so_far)
            found[number] = replace(rows[number], quantity=_less(together, billed), measured=rows[number].quantity)
            billed = together
    return tuple(found)


def _less(one: Decimal, other: Decimal) -> Decimal:
    return _rounded(Fraction(one) - Fraction(other), NEAREST, QUANTITY_PLACES)


def _rounded(number: Fraction, rounding: str, places: int) -> Decimal:
    scaled = abs(number) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if (rounding == UP and rest) or (rounding == NEAREST and 2 * rest >= scaled.denominator):
        whole += 1
    return Decimal(f"{-whole if number < 0 else whole}E-{places}")
