"""Checks of what an operator types about money outside Razorpay: reference, day, amount. All raise InvalidInput."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.limits import MAX_MONEY, REFERENCE_LENGTH
from billing_platform.lib.money import Money, MoneyError, to_minor
from billing_platform.lib.validators import require, validate_business_date, validate_line


def check_reference(reference: str) -> None:
    """The number of a transfer (UTR), cheque or TDS certificate: one line, not empty."""
    if not reference:
        raise InvalidInput.field("reference", "Say which transfer, cheque or certificate it is.")
    if len(reference) > REFERENCE_LENGTH:
        raise InvalidInput.field("reference", f"The reference must have at most {REFERENCE_LENGTH} characters.")
    require("reference", reference, validate_line)


def check_day(field: str, day: date, time_zone: str) -> None:
    """A plausible day that has begun in the customer's time zone."""
    require(field, day, validate_business_date)
    if day > clock.today(time_zone):
        raise InvalidInput.field(field, "The day must not be in the future.")


def check_amount(amount: Decimal, currency: str, *, field: str = "amount") -> None:
    """Above zero, below MAX_MONEY, and with no more decimals than its currency has."""
    try:
        minor = to_minor(Money(amount, currency))
    except MoneyError as error:
        raise InvalidInput.field(field, str(error)) from error
    if minor <= 0:
        raise InvalidInput.field(field, "The amount must be above zero.")
    if amount >= MAX_MONEY:
        raise InvalidInput.field(field, "The amount is too large.")
