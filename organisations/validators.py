"""Field rules that several models share; each says what is wrong in a sentence."""

from __future__ import annotations

import zoneinfo

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from moneyed import CURRENCIES

validate_colour = RegexValidator(r"^#[0-9a-fA-F]{6}$", "Write a colour as #rrggbb.")
validate_country = RegexValidator(r"^[A-Z]{2}$", "Write the country as two capital letters (ISO 3166), such as IN.")
validate_prefix = RegexValidator(
    r"^[A-Z][A-Z0-9-]{0,2}$", "One to three capital letters, digits or hyphens: the number has 16 characters in all."
)


def validate_time_zone(value: str) -> None:
    """A name of the IANA database, such as Asia/Kolkata."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(f"“{value}” is no IANA time zone; write one such as Asia/Kolkata.")


def validate_currency(value: str) -> None:
    """An ISO 4217 code, such as INR."""
    if value not in CURRENCIES:
        raise ValidationError(f"“{value}” is no ISO 4217 currency code.")
