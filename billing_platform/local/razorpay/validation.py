"""Field checks shared by the API's create and edit calls, in Razorpay's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from billing_platform.local.razorpay import currencies, identifiers
from billing_platform.local.razorpay.errors import RazorpayError

MAX_NOTES = 15
MAX_NOTE_LENGTH = 256
TRUE_VALUES = (True, 1, "1", "true")
FALSE_VALUES = (False, 0, "0", "false")


def reject_unexpected(data: Mapping[str, Any], allowed: Iterable[str]) -> None:
    unexpected = sorted(set(data) - set(allowed))
    if unexpected:
        names = ", ".join(unexpected)
        raise RazorpayError(f"{names} is/are not required and should not be sent")


def require(data: Mapping[str, Any], *fields: str) -> None:
    for field in fields:
        if data.get(field) is None or data.get(field) == "":
            raise RazorpayError(f"The {field} field is required.", field=field)


def clean_id(value: str, prefix: str) -> str:
    if not identifiers.is_valid(value, prefix):
        raise RazorpayError(f"{value} is not a valid id")
    return value


def clean_integer(value: object, field: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    raise RazorpayError(f"The {field} must be an integer.", field=field)


def clean_currency(value: object) -> str:
    if not isinstance(value, str) or value not in currencies.SUPPORTED:
        raise RazorpayError("Currency is not supported", field="currency")
    return value


def clean_amount(value: object, currency: str, field: str = "amount") -> int:
    amount = clean_integer(value, field)
    unit = 10 ** currencies.exponent(currency)
    if amount < unit:
        least = f"{currency} 1.00" if unit > 1 else f"{currency} 1"
        raise RazorpayError(f"The amount must be at least {least}", field=field)
    if currency in currencies.THREE_DECIMAL and amount % 10:
        raise RazorpayError(f"The last digit of the {field} must be 0.", field=field)
    return amount


def clean_major_amount(text: str, currency: str) -> int | None:
    """Minor units of an amount that a person typed, such as 12.50; None for an empty field."""
    if not text.strip():
        return None
    try:
        minor = Decimal(text.strip()) * 10 ** currencies.exponent(currency)
        whole = int(minor)
    except (ArithmeticError, ValueError):
        raise RazorpayError("The amount must be a number.") from None
    if minor != whole:
        raise RazorpayError("The amount has too many decimals.")
    return whole


def clean_notes(value: object, max_length: int = MAX_NOTE_LENGTH) -> dict[str, Any]:
    """A flat object; PHP's empty array stands for an empty one."""
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise RazorpayError("The notes must be an array.", field="notes")
    if len(value) > MAX_NOTES:
        raise RazorpayError(
            f"The number of fields in notes should be less than or equal to {MAX_NOTES}.",
            field="notes",
        )
    for note in value.values():
        if isinstance(note, (dict, list)):
            raise RazorpayError("The notes may not be nested.", field="notes")
        if len(str(note)) > max_length:
            raise RazorpayError(_note_too_long(max_length), field="notes")
    return dict(value)


def _note_too_long(max_length: int) -> str:
    if max_length == MAX_NOTE_LENGTH:
        return f"The notes value may not be greater than {max_length} characters."
    return f"value: the length must not be greater than {max_length}."


def clean_text(value: object, field: str, max_length: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise RazorpayError(f"The {field} must be a string.", field=field)
    text = str(value)
    if len(text) > max_length:
        raise RazorpayError(f"The {field} may not be greater than {max_length} characters.", field=field)
    return text


def clean_boolean(value: object, field: str, *, default: bool) -> bool:
    if value is None:
        return default
    if value in TRUE_VALUES:
        return True
    if value in FALSE_VALUES:
        return False
    raise RazorpayError(f"The {field} field must be true or false.", field=field)


def clean_object(value: object, field: str) -> dict[str, Any]:
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise RazorpayError(f"The {field} must be an array.", field=field)
    return dict(value)
