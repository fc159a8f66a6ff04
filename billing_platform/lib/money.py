"""Money: an exact Decimal amount with its currency, and the one place where amounts are rounded.

`moneyed.Money` of django-money is not used: it accepts floats, rounds half to even, is false when zero, and imports a
locale library. docs/decisions/0005-money-of-our-own.md has the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from math import lcm

ZERO = Decimal(0)

# ISO 4217, the currencies in circulation, by the number of decimals of their minor unit.
_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD
    KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
    NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
    THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}
_EXPONENTS = {code: places for places, codes in _CODES.items() for code in codes.split()}
CURRENCIES = frozenset(_EXPONENTS)

# Wide enough for any product of a bounded quantity and a bounded price. The default context of 28 digits would
# round such a product without an error.
_PRECISION = 120
_WIDE = Context(prec=_PRECISION, traps=[InvalidOperation, DivisionByZero, Overflow])
_EXACT = Context(prec=_PRECISION, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])


class MoneyError(ValueError):
    """An amount that is refused, or an operation that two amounts don't allow."""


def exact_arithmetic() -> AbstractContextManager[Context]:
    """Within this block, a Decimal operation that would round raises decimal.Inexact. Prices are computed so."""
    return localcontext(_EXACT)


def exponent(currency: str) -> int:
    """The number of decimals of a currency: INR 2, JPY 0, KWD 3. Raises MoneyError for an unknown currency."""
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise MoneyError(f"{currency!r} is not a currency in use (ISO 4217).") from None


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round half away from zero to the currency's minor unit: 90.045 INR is 90.05. No other function rounds amounts."""
    return with_places(amount, exponent(currency))


def round_to_unit(amount: Decimal, currency: str) -> Decimal:
    """Round to whole rupees (dollars, …), with the currency's decimals: 1456.79 is 1457.00. For the round-off."""
    return with_places(with_places(amount, 0), exponent(currency))


def with_places(amount: Decimal, places: int) -> Decimal:
    """Round half away from zero to a number of decimals: 1.005 with 2 places is 1.01. Never returns -0."""
    rounded = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_WIDE)
    return abs(rounded) if rounded.is_zero() else rounded  # never "-0.00" on paper


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency, exact until `quantized()`. Two currencies can't be added: MoneyError."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise MoneyError(f"Money needs a Decimal, not {type(self.amount).__name__}.")
        if not self.amount.is_finite():
            raise MoneyError("Money must be finite.")
        exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(ZERO, currency)

    @property
    def is_zero(self) -> bool:
        return self.amount.is_zero()

    @property
    def is_negative(self) -> bool:
        return self.amount < ZERO

    def quantized(self) -> Money:
        return Money(round_money(self.amount, self.currency), self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(_WIDE.add(self.amount, self._amount_of(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_WIDE.subtract(self.amount, self._amount_of(other)), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        if isinstance(factor, bool) or not isinstance(factor, Decimal | int):
            raise MoneyError(f"Money is multiplied by a Decimal or an integer, not by {type(factor).__name__}.")
        return Money(_WIDE.multiply(self.amount, Decimal(factor)), self.currency)

    __rmul__ = __mul__

    def divided(self, by: Decimal | int) -> Money:
        """The quotient, with far more digits than any minor unit, for a share that is rounded next."""
        return Money(_WIDE.divide(self.amount, Decimal(by)), self.currency)

    def __neg__(self) -> Money:
        return Money(_WIDE.minus(self.amount), self.currency)

    def __abs__(self) -> Money:
        return Money(_WIDE.abs(self.amount), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._amount_of(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._amount_of(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._amount_of(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._amount_of(other)

    def __bool__(self) -> bool:
        raise TypeError("Money has no truth value: ask is_zero, or compare with None.")

    def _amount_of(self, other: object) -> Decimal:
        if not isinstance(other, Money):
            raise MoneyError(f"Money goes with Money, not with {type(other).__name__}.")
        if other.currency != self.currency:
            raise MoneyError(f"{self.currency} and {other.currency} cannot be combined without an exchange rate.")
        return other.amount


def to_minor(money: Money) -> int:
    """The amount in minor units (paise, cents, fils), as payment gateways count: ₹1.50 is 150.

    Raises MoneyError if the amount has more decimals than the currency.
    """
    scaled = money.amount.scaleb(exponent(money.currency), context=_WIDE)
    if scaled != scaled.to_integral_value():
        decimals = exponent(money.currency)
        raise MoneyError(f"{money.amount} {money.currency} has more decimals than the {decimals} of {money.currency}.")
    return int(scaled)


def from_minor(minor: int, currency: str) -> Money:
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise MoneyError(f"Minor units are an integer, not {type(minor).__name__}.")
    return Money(Decimal(minor).scaleb(-exponent(currency), context=_WIDE), currency)


def allocate(money: Money, weights: Sequence[Decimal | int]) -> list[Money]:
    """Split an amount by weights; the parts add up to it.

    Parts are rounded down, and the minor units that are left go to the largest remainders, then to the first in order:
    100.00 by 1, 1, 1 is 33.34, 33.33, 33.33. Raises MoneyError for negative weights, and if none is above zero.
    """
    ratios = [weight.as_integer_ratio() for weight in weights]
    shared = lcm(*(denominator for _numerator, denominator in ratios))
    parts = [numerator * (shared // denominator) for numerator, denominator in ratios]
    whole = sum(parts)
    if not parts or min(parts) < 0 or whole == 0:
        raise MoneyError("An amount is split by weights of which none is negative and one at least is positive.")
    minor = to_minor(money)
    shares, remainders = zip(*(divmod(abs(minor) * part, whole) for part in parts), strict=True)
    by_remainder = sorted(range(len(parts)), key=lambda i: (-remainders[i], i))
    rounded_up = set(by_remainder[: abs(minor) - sum(shares)])
    sign = -1 if minor < 0 else 1
    return [from_minor(sign * (share + (i in rounded_up)), money.currency) for i, share in enumerate(shares)]
