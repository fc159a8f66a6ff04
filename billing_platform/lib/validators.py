"""One validator for each kind of typed value, used by models, serializers, forms and services.

A validator accepts any Python value. For a wrong value it raises Django's ValidationError, with a sentence that says
what to write instead; it never raises another error. `choices_of` returns the list that a validator checks, for forms.
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
from billing_platform.lib.document_numbers import PREFIX_LENGTH
from billing_platform.lib.errors import InvalidInput, quoted
from billing_platform.lib.gst import is_service_heading
from billing_platform.lib.limits import FIRST_BUSINESS_DAY, MAX_MONEY, YEARS_AHEAD
from billing_platform.lib.periods import BillingPeriod

Validator = Callable[[Any], None]

# Characters that a line of a document can't have: control characters, line breaks, lone surrogates (halves of a
# character), and direction marks, which make text read differently from what it is.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# These are invisible: a reference that is pasted with one of them would differ from the same reference typed. Joiners
# are allowed, because Indic words need them.
_UNSEEN = frozenset("\u00ad\u200b\u2060\ufeff")
_PARAGRAPH_CHARACTERS = frozenset("\n\r\t")
_NUL_OR_SURROGATE = re.compile(r"[\x00\ud800-\udfff]")


def require(field: str, value: Any, validator: Validator) -> None:
    """Check a value that no form or serializer has checked. Raises InvalidInput with the name of the field."""
    try:
        validator(value)
    except ValidationError as error:
        raise InvalidInput.field(field, error.messages[0]) from None


# --- from a list ----------------------------------------------------------------------------------------------------


def validate_currency(value: Any) -> None:
    """Accepts the ISO 4217 code of a currency in circulation."""
    if not isinstance(value, str) or value not in vocabularies.CURRENCIES:
        raise ValidationError(f"{quoted(value)} is no currency in use: write an ISO 4217 code, such as INR.")


def validate_time_zone(value: Any) -> None:
    """Accepts a geographic name of the tz database, or UTC: names that PostgreSQL knows as well."""
    if not isinstance(value, str) or value not in vocabularies.time_zones():
        raise ValidationError(f"{quoted(value)} is no time zone: write a place, such as Asia/Kolkata, or UTC.")


def validate_country(value: Any) -> None:
    """Accepts the ISO 3166-1 alpha-2 code of a country."""
    if not isinstance(value, str) or value not in vocabularies.countries():
        raise ValidationError(f"{quoted(value)} is no country: write its ISO 3166 code, such as IN, US or GB.")


def validate_state(value: Any) -> None:
    """Accepts the GST code of a State or Union Territory of India."""
    if not isinstance(value, str) or value not in vocabularies.STATES:
        raise ValidationError(f"{quoted(value)} is no State: write the GST code of one, such as 29 for Karnataka.")


_CHOICES: dict[Validator, Callable[[], vocabularies.Choices]] = {
    validate_currency: vocabularies.currency_choices,
    validate_time_zone: vocabularies.time_zone_choices,
    validate_country: vocabularies.country_choices,
    validate_state: vocabularies.state_choices,
}


def choices_of(validators: list[Any]) -> vocabularies.Choices | None:
    """The list of values that a field allows, with names for people; None for a field of free text."""
    found = next((choices for validator, choices in _CHOICES.items() if validator in validators), None)
    return found() if found else None


# --- codes ----------------------------------------------------------------------------------------------------------
# Functions instead of RegexValidators: a migration stores a function's name, but the whole pattern and sentence of the
# latter.


def validate_sac(value: Any) -> None:
    """Accepts a service accounting code (SAC) as the GST portal does: 4 or 6 digits, under a heading of chapter 99."""
    _match(value, r"99(?:[0-9]{2}|[0-9]{4})", "A service accounting code has 4 or 6 digits and begins with 99: 998315.")
    if not is_service_heading(value):
        raise ValidationError(f"No service has a code that begins with {value[:4]}.")


def validate_pin(value: Any) -> None:
    _match(value, r"[1-9][0-9]{5}", "An Indian PIN code has 6 digits, the first of them not 0.")


def validate_ifsc(value: Any) -> None:
    _match(
        value, r"[A-Z]{4}0[A-Z0-9]{6}", "An IFSC has 4 letters, a zero, and 6 letters or digits, such as HDFC0000001."
    )


def validate_swift(value: Any) -> None:
    """Accepts a SWIFT code (ISO 9362): bank, country, place, and perhaps branch."""
    _match(
        value,
        r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
        "A SWIFT code (BIC) has 8 or 11 capital letters and digits, such as HDFCINBB.",
    )


def validate_pan(value: Any) -> None:
    """Accepts an Indian income-tax number: five letters, four digits, a letter."""
    _match(value, r"[A-Z]{3}[ABCFGHJLPTK][A-Z][0-9]{4}[A-Z]", "A PAN has 10 letters and digits, such as AAACA1234A.")


def validate_cin(value: Any) -> None:
    """Accepts the number of an Indian company (CIN, Companies Act s. 12) or partnership (LLPIN, LLP Act s. 21)."""
    _match(
        value,
        r"[LUF][0-9]{5}[A-Z]{2}[0-9]{4}[A-Z]{3}[0-9]{6}|[A-Z]{3}-[0-9]{4}",
        "A CIN has 21 letters and digits, such as U72900KA2020PTC123456; an LLPIN is written as AAB-1234.",
    )


def validate_udyam(value: Any) -> None:
    """Accepts the number of a registered micro, small or medium enterprise."""
    _match(value, r"UDYAM-[A-Z]{2}-[0-9]{2}-[0-9]{7}", "A Udyam number is written as UDYAM-KA-03-0012345.")


def validate_upi_id(value: Any) -> None:
    _match(
        value, r"[A-Za-z0-9._-]{2,}@[A-Za-z][A-Za-z0-9]+", "A UPI id is a name and a handle, such as metrics@hdfcbank."
    )


def validate_colour(value: Any) -> None:
    _match(value, r"#[0-9a-fA-F]{6}", "Write a colour as #rrggbb.")


def validate_prefix(value: Any) -> None:
    """Accepts the part of a document number before the year, such as INV or BLR/INV (CGST Rule 46 (b))."""
    _match(
        value,
        rf"[A-Z1-9](?:[A-Z0-9/-]{{0,{PREFIX_LENGTH - 2}}}[A-Z0-9])?",
        f"At most {PREFIX_LENGTH} capital letters, digits, hyphens or slashes. The first one is a letter or a digit "
        "from 1 to 9, the last one a letter or a digit.",
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
    """Accepts one line of visible text: a name, an address line, a description."""
    _check_text(value, "Write it in one line, without control characters.")


def validate_paragraphs(value: Any) -> None:
    """Accepts visible text, which may have line breaks."""
    _check_text(value, "Write text without control characters.", allowed=_PARAGRAPH_CHARACTERS)


def validate_printed_line(value: Any) -> None:
    """Accepts one line for documents, of characters that our fonts can print."""
    validate_line(value)
    _check_letters(value)


def validate_printed_paragraphs(value: Any) -> None:
    """Accepts text for documents, of characters that our fonts can print; it may have line breaks."""
    validate_paragraphs(value)
    _check_letters(value)


def _check_letters(text: str) -> None:
    if missing := printable_text.unprintable(text, line_breaks=True):
        script = printable_text.installable_script(missing)
        raise ValidationError(
            f"{printable_text.name_of(missing)} can't be printed on invoices yet: write it in Latin letters, "
            f"or in {printable_text.script_names()} ones."
            + (f" For {script}, its font has to be installed on the servers (DOCUMENT_FONT_DIRS)." if script else "")
        )


def _check_text(value: Any, sentence: str, *, allowed: frozenset[str] = frozenset()) -> None:
    if not isinstance(value, str):
        raise ValidationError("Write text.")
    for character in value:
        is_odd = unicodedata.category(character) in _UNPRINTABLE or character in _DIRECTION_MARKS | _UNSEEN
        if is_odd and character not in allowed:
            raise ValidationError(f"{sentence} It holds {_name_of(character)}.")
    if value and not any(unicodedata.category(character)[0] not in "ZC" for character in value):
        raise ValidationError("Write more than spaces.")


def storable(value: Any) -> bool:
    """Whether PostgreSQL can store the texts in a JSON value as text and jsonb: no NUL, no lone surrogate."""
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
    """The last day that may be entered. A later day is taken for a mistyped year."""
    return date(clock.now().year + YEARS_AHEAD, 12, 31)


def validate_business_date(value: Any) -> None:
    """Accepts a day from the start of GST (1 July 2017) up to `last_business_day`."""
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
    """Refuse a last day before the first day. Raises ValidationError with `sentence` at `field`."""
    if first and last and last < first:
        raise ValidationError({field: sentence})


# --- numbers --------------------------------------------------------------------------------------------------------


def validate_positive(value: Any) -> None:
    """Accepts a number above zero and below MAX_MONEY, for rates and amounts."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not value > 0:
        raise ValidationError("Write a number above 0.")
    if value >= MAX_MONEY:
        raise ValidationError(f"Write a number of at most {MAX_MONEY.adjusted()} digits before the decimal point.")
