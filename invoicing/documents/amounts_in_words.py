"""Amounts in words, as invoices in India are expected to carry them: lakh and crore for rupees."""

from __future__ import annotations

from moneyed import get_currency
from num2words import num2words

from billing_platform.lib.money import Money, exponent, to_minor

CRORE = 10**7

# The unit in the plural, and one and several of its hundredths.
_UNITS = {
    "INR": ("Rupees", "Paisa", "Paise"),
    "USD": ("US Dollars", "Cent", "Cents"),
    "EUR": ("Euros", "Cent", "Cents"),
    "GBP": ("Pounds Sterling", "Penny", "Pence"),
    "AED": ("UAE Dirhams", "Fils", "Fils"),
    "AUD": ("Australian Dollars", "Cent", "Cents"),
    "CAD": ("Canadian Dollars", "Cent", "Cents"),
    "SGD": ("Singapore Dollars", "Cent", "Cents"),
}


def amount_in_words(money: Money) -> str:
    """Rupees One Lakh Twenty-Three Thousand Four Hundred Fifty-Six and Seventy-Eight Paise Only."""
    minor = to_minor(money.quantized())
    per_unit = 10 ** exponent(money.currency)
    units, rest = divmod(abs(minor), per_unit)
    unit_name = _UNITS[money.currency][0] if money.currency in _UNITS else get_currency(money.currency).name
    words = f"{unit_name} {_indian(units) if money.currency == 'INR' else _western(units)}"
    fraction = f" and {_fraction(rest, money.currency, per_unit)}" if rest else ""
    return f"{'Minus ' if minor < 0 else ''}{words}{fraction} Only"


def _fraction(rest: int, currency: str, per_unit: int) -> str:
    if currency not in _UNITS:
        return f"{rest}/{per_unit}"
    _, one, several = _UNITS[currency]
    return f"{_western(rest)} {one if rest == 1 else several}"


def _indian(number: int) -> str:
    """num2words stops at a thousand crore; the crores are counted in words of their own, which has no end."""
    crores, rest = divmod(number, CRORE)
    if not crores:
        return _titled(num2words(rest, lang="en_IN"))
    return f"{_indian(crores)} Crore" + (f" {_indian(rest)}" if rest else "")


def _western(number: int) -> str:
    return _titled(num2words(number, lang="en"))


def _titled(words: str) -> str:
    """Capitals, and without the "and" and commas that would blur where the paise begin."""
    return words.replace(" and ", " ").replace(",", "").title()
