"""One validator for each kind of value that people and programs type: for models, serializers, forms and services.

Each takes anything at all, raises Django's ValidationError with a sentence that says what to write instead, and never
another error. `choices_of` tells a form which list a validator stands for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from billing_platform.lib import clock, printable_text, vocabularies
from billing_platform.lib.errors import InvalidInput, quoted
from billing_platform.lib.limits import FIRST_BUSINESS_DAY, MAX_MONEY, YEARS_AHEAD
from billing_platform.lib.periods import BillingPeriod

Validator = Callable[[Any], None]

# Characters that no line of a document can hold: control characters and line breaks, halves of a character
# (surrogates), and the marks that turn the direction of what follows, so that it reads otherwise than it is.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Nobody sees these, so that a reference pasted with one would differ from the same reference typed. Joiners are not
# among them: Indic words need them.
_UNSEEN = frozenset("\u00ad\u200b\u2060\ufeff")
_PARAGRAPH_CHARACTERS = frozenset("\n\r\t")
_NUL_OR_SURROGATE = re.compile(r"[\x00\ud800-\udfff]")


def require(field: str, value: Any, validator: Validator) -> None:
    """Let a validator judge a value that no form or serializer has seen. Raises InvalidInput naming the field."""
    try:
        validator(value)
    except ValidationError as error:
        raise InvalidInput.field(field, error.messages[0]) from None


# --- from a list ----------------------------------------------------------------------------------------------------


def validate_currency(value: Any) -> None:
    """A currency in circulation, by its ISO 4217 code."""
    if not isinstance(value, str) or value not in vocabularies.CURRENCIES:
        raise ValidationError(f"{quoted(value)} is no currency in use: write an ISO 4217 code, such as INR.")


def validate_time_zone(value: Any) -> None:
    """A zone of the tz database by its geographic name, or UTC: names that PostgreSQL knows as well."""
    if not isinstance(value, str) or value not in vocabularies.time_zones():
        raise ValidationError(f"{quoted(value)} is no time zone: write a place, such as Asia/Kolkata, or UTC.")


def validate_country(value: Any) -> None:
    """A country by its ISO 3166-1 alpha-2 code."""
    if not isinstance(value, str) or value not in vocabularies.countries():
        raise ValidationError(f"{quoted(value)} is no country: write its ISO 3166 code, such as IN, US or GB.")


def validate_state(value: Any) -> None:
    """A State or Union Territory of India by its GST code."""
    if not isinstance(value, str) or value not in vocabularies.STATES:
        raise ValidationError(f"{quoted(value)} is no State: write the GST code of one, such as 29 for Karnataka.")


_CHOICES: dict[Validator, Callable[[], vocabularies.Choices]] = {
    validate_currency: vocabularies.currency_choices,
    validate_time_zone: vocabularies.time_zone_choices,
    validate_country: vocabularies.country_choices,
    validate_state: vocabularies.state_choices,
}


def choices_of(validators: list[Any]) -> vocabularies.Choices | None:
    """The list that a field's values come from, with names for people; None for a field of free text."""
    found = next((choices for validator, choices in _CHOICES.items() if validator in validators), None)
    return found() if found else None


# --- codes ----------------------------------------------------------------------------------------------------------
# Functions, not RegexValidators: a migration keeps a function's name, but a pattern and its sentence word for word.


def validate_sac(value: Any) -> None:
    """A service accounting code as the GST portal takes it: chapter 99, 4 or 6 digits."""
    _match(value, r"99(?:[0-9]{2}|[0-9]{4})", "A service accounting code has 4 or 6 digits and begins with 99: 998315.")


def validate_pin(value: Any) -> None:
    _match(value, r"[1-9][0-9]{5}", "An Indian PIN code has 6 digits, the first of them not 0.")


def validate_ifsc(value: Any) -> None:
    _match(
        value, r"[A-Z]{4}0[A-Z0-9]{6}", "An IFSC has 4 letters, a zero, and 6 letters or digits, such as HDFC0000001."
    )


def validate_swift(value: Any) -> None:
    """ISO 9362: who, in which country, where, and perhaps which branch."""
    _match(
        value,
        r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
        "A SWIFT code (BIC) has 8 or 11 capital letters and digits, such as HDFCINBB.",
    )


def validate_upi_id(value: Any) -> None:
    _match(
        value, r"[A-Za-z0-9._-]{2,}@[A-Za-z][A-Za-z0-9]+", "A UPI id is a name and a handle, such as metrics@hdfcbank."
    )


def validate_colour(value: Any) -> None:
    _match(value, r"#[0-9a-fA-F]{6}", "Write a colour as #rrggbb.")


def validate_prefix(value: Any) -> None:
    """What stands before the year in a document's number (CGST Rule 46 (b))."""
    _match(
        value,
        r"[A-Z][A-Z0-9-]{0,2}",
        "One to three capital letters, digits or hyphens: the number has 16 characters in all.",
    )


def validate_slug(value: Any) -> None:
    _match(
        value,
        r"[A-Za-z0-9][A-Za-z0-9_-]*",
        "Write letters, digits, hyphens and underscores; begin with a letter or a digit.",
    )


def _match(value: Any, pattern: str, sentence: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ValidationError(sentence)


# --- text -----------------------------------------------------------------------------------------------------------


def validate_line(value: Any) -> None:
    """One line that can be printed: a name, an address line, a description."""
    _check_text(value, "Write it in one line, without control characters.")


def validate_paragraphs(value: Any) -> None:
    """Text that can be printed; it may have line breaks."""
    _check_text(value, "Write text without control characters.", allowed=_PARAGRAPH_CHARACTERS)


def validate_printed_line(value: Any) -> None:
    """One line that stands on documents: of letters that we can print."""
    validate_line(value)
    _check_letters(value)


def validate_printed_paragraphs(value: Any) -> None:
    """Text that stands on documents; it may have line breaks."""
    validate_paragraphs(value)
    _check_letters(value)


def _check_letters(text: str) -> None:
    if missing := printable_text.unprintable(text, line_breaks=True):
        raise ValidationError(
            f"{printable_text.name_of(missing)} can't be printed on invoices yet: write it in Latin letters, "
            f"or in {printable_text.SCRIPT_NAMES}."
        )


def _check_text(value: Any, sentence: str, *, allowed: frozenset[str] = frozenset()) -> None:
    if not isinstance(value, str):
        raise ValidationError("Write text.")
    for character in value:
        is_odd = unicodedata.category(character) in _UNPRINTABLE or character in _DIRECTION_MARKS | _UNSEEN
        if is_odd and character not in allowed:
            raise ValidationError(f"{sentence} It holds {_name_of(character)}.")
    if value and not any(unicodedata.category(character)[0] not in "ZC" for character in value):
        raise ValidationError("Write more than blanks.")


def storable(value: Any) -> bool:
    """Whether PostgreSQL's text and jsonb can hold the texts in a JSON value: no NUL, no half of a character."""
    if isinstance(value, str):
        return _NUL_OR_SURROGATE.search(value) is None
    if isinstance(value, dict):
        return all(storable(key) and storable(each) for key, each in value.items())
    return all(storable(each) for each in value) if isinstance(value, list | tuple) else True


def _name_of(character: str) -> str:
    breaks = {"\n": "a line break", "\r": "a line break", "\t": "a tab", "\u2028": "a line break"}
    return breaks.get(character, f"the character U+{ord(character):04X}")


# --- days -----------------------------------------------------------------------------------------------------------


def last_business_day() -> date:
    """The last day that can be typed: beyond it lies a mistyped year."""
    return date(clock.now().year + YEARS_AHEAD, 12, 31)


def validate_business_date(value: Any) -> None:
    """A day on which something can have been supplied, paid, published or priced."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValidationError("Write a day, such as 2026-11-01.")
    if not FIRST_BUSINESS_DAY <= value <= last_business_day():
        raise ValidationError(
            f"Write a day from {FIRST_BUSINESS_DAY:%-d %B %Y}, when GST began, to {last_business_day():%-d %B %Y}."
        )


def validate_billing_month(value: Any) -> None:
    """A month that begins on a business date."""
    if not isinstance(value, BillingPeriod):
        raise ValidationError("Write a month, such as 2026-10.")
    validate_business_date(value.start)


def check_order(first: date | None, last: date | None, *, field: str, sentence: str) -> None:
    """Refuse, beside `field`, a last day before the first one."""
    if first and last and last < first:
        raise ValidationError({field: sentence})


# --- numbers --------------------------------------------------------------------------------------------------------


def validate_positive(value: Any) -> None:
    """A rate or an amount that something is multiplied by or paid with."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not value > 0:
        raise ValidationError("Write a number above 0.")
    if value >= MAX_MONEY:
        raise ValidationError(f"Write a number of at most {MAX_MONEY.adjusted()} digits before the decimal point.")
