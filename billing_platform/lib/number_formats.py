"""From numbers to text and back, one way for each reader. Nothing else in this project writes digits.

`*_text` is for programs: the API, CSV files, stored JSON. No grouping, a point, no exponent.
`format_*` is for people: pages, PDFs, e-mails, sentences. Grouped digits, symbols and units.

| function | 1234567.50 | for |
|---|---|---|
| `plain_text` | 1234567.50 | a number as it was typed |
| `short_text` | 1234567.5 | quantities, unit prices, rates |
| `money_text` (INR) | 1234567.50 | amounts, rounded to the currency's minor unit |
| `exact_money_text` (INR) | 1234567.50 | unrounded amounts, with at least the currency's decimals |
| `format_number` | 1,234,567.5 | numbers without a currency |
| `format_quantity` | 1,234,567.5 calls | the same with its unit |
| `format_money` (INR) | ₹12,34,567.50 | amounts, rounded; lakh and crore for rupees |
| `format_sums` (INR, USD) | ₹12,34,567.50, $1.00 | amounts added up by currency |
| `format_price` (INR) | ₹12,34,567.50 | unit prices and workings, unrounded |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from billing_platform.lib.limits import QUANTITY_INTEGER_DIGITS
from billing_platform.lib.money import ZERO, exponent, round_money, with_places

_SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MAX_TEXT = 64
_MAX_PLACES = 30


class NumberError(ValueError):
    """Something from outside that is no number, or one beyond its bounds. The message is a sentence for people."""


# --- for programs -----------------------------------------------------------------------------------------------------


def plain_text(number: Decimal) -> str:
    """With the decimals that the number has: 2.50 stays "2.50", 1E+3 is "1000"."""
    return f"{number:f}"


def short_text(number: Decimal | int) -> str:
    """Without superfluous zeros, and never "-0": 10.00000000 is "10"."""
    text = plain_text(Decimal(number)) if number else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money_text(amount: Decimal, currency: str) -> str:
    """Rounded to the currency's minor unit, with all of its decimals: "1180.00", JPY "1180"."""
    return plain_text(round_money(amount, currency))


def exact_money_text(amount: Decimal, currency: str) -> str:
    """Unrounded, with at least the currency's decimals: "1300.00", "51.2345"."""
    return plain_text(with_places(amount, max(exponent(currency), decimal_places(amount))))


# --- for people -------------------------------------------------------------------------------------------------------


def format_number(number: Decimal | int) -> str:
    """1200.50000000 is "1,200.5" and 7087252 is "7,087,252"."""
    text = f"{number:,f}" if isinstance(number, Decimal) else f"{number:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_percent(rate: Decimal) -> str:
    """A rate that is given in percent: 18.000 is "18%"."""
    return f"{format_number(rate)}%"


def format_quantity(quantity: Decimal | int, one: str, many: str) -> str:
    """A quantity with its unit: "1 call", "7,087,252 calls"; the bare number where there is no unit."""
    return f"{format_number(quantity)} {unit_for(quantity, one, many)}".strip()


def unit_for(quantity: Decimal | int, one: str, many: str) -> str:
    """The word that goes with a quantity: the singular for one (or minus one), the plural for everything else."""
    return one if abs(quantity) == 1 else many


def format_events(count: int) -> str:
    """A count of events: "1 event", "1,056 events"."""
    return format_quantity(count, "event", "events")


def format_money(amount: Decimal, currency: str) -> str:
    """An amount, rounded: "₹1,23,456.00", "$1,234.00"; the code where no symbol is beyond doubt: "JPY 1,234"."""
    return _with_symbol(round_money(amount, currency), currency, exponent(currency))


def format_sums(amounts: Iterable[tuple[str, Decimal]]) -> str:
    """Amounts, each with its currency before it, added up by currency: "₹1,200.00, $50.00"."""
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, ZERO) + amount
    return ", ".join(format_money(total, currency) for currency, total in sorted(sums.items()))


def format_price(amount: Decimal, currency: str) -> str:
    """The same without rounding, for unit prices and workings: "₹0.0123", "₹2.00"."""
    return _with_symbol(amount, currency, max(exponent(currency), decimal_places(amount)))


def format_indian(amount: Decimal, *, places: int = 2) -> str:
    """Digits in lakh and crore: "1,23,45,678.90"."""
    rounded = with_places(amount, places)
    whole, point, fraction = plain_text(abs(rounded)).partition(".")
    head, tail = whole[:-3], whole[-3:]
    groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return ("-" if rounded < ZERO else "") + ",".join([*reversed(groups), tail]) + point + fraction


def _with_symbol(amount: Decimal, currency: str, places: int) -> str:
    size = abs(amount)
    digits = format_indian(size, places=places) if currency == "INR" else f"{size:,.{places}f}"
    return f"{'-' if amount < ZERO else ''}{_SYMBOLS.get(currency, f'{currency} ')}{digits}"


# --- back -------------------------------------------------------------------------------------------------------------


def parse_decimal(
    value: str | int | Decimal, *, places: int | None = None, max_digits: int = QUANTITY_INTEGER_DIGITS
) -> Decimal:
    """Take a number from outside: no float, no NaN, no infinity, no thousand digits.

    "1.50" stays 1.50, "1E+3" becomes 1000. Raises NumberError, also for more than `max_digits` digits before the point
    or more than `places` decimals that carry a value.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise NumberError(f"A number must be given as text, an integer or a Decimal, not {type(value).__name__}.")
    number = _from_text(value) if isinstance(value, str) else Decimal(value)
    if not number.is_finite():
        raise NumberError("The number must be finite.")
    if number.adjusted() >= max_digits:
        raise NumberError(f"The number has more than {max_digits} digits before the decimal point.")
    decimals = decimal_places(number)
    allowed = _MAX_PLACES if places is None else places
    if decimals > allowed:
        raise NumberError(f"The number has more than {allowed} decimals.")
    return with_places(number, max(decimals, min(-_exponent_of(number), allowed), 0))


def _from_text(value: str) -> Decimal:
    text = value.strip()
    if len(text) > _MAX_TEXT or not _NUMBER.fullmatch(text):
        raise NumberError(f"{value[:_MAX_TEXT]!r} is not a decimal number.")
    return Decimal(text)


def _exponent_of(number: Decimal) -> int:
    found = number.as_tuple().exponent
    if not isinstance(found, int):
        raise NumberError("The number must be finite.")
    return found


def decimal_places(number: Decimal) -> int:
    """Decimals that carry a value: trailing zeros don't count."""
    digits = "".join(map(str, number.as_tuple().digits))
    zeros = len(digits) - len(digits.rstrip("0"))
    return max(0, -_exponent_of(number) - zeros) if number else 0
