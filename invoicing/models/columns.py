"""The column types for money, prices, quantities and validity in all tables of invoicing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib.postgres.fields import DateRangeField, RangeBoundary
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import (
    MONEY_DIGITS,
    MONEY_PLACES,
    PRICE_DIGITS,
    QUANTITY_DIGITS,
    QUANTITY_PLACES,
    UNIT_PRICE_PLACES,
)
from billing_platform.lib.money import exponent, round_money
from billing_platform.lib.validators import validate_business_date, validate_currency, validate_sac
from billing_platform.lib.vocabularies import CURRENCIES

MoneyField = partial(models.DecimalField, max_digits=MONEY_DIGITS, decimal_places=MONEY_PLACES)
PriceField = partial(models.DecimalField, max_digits=PRICE_DIGITS, decimal_places=UNIT_PRICE_PLACES)
QuantityField = partial(models.DecimalField, max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_PLACES)
CurrencyField = partial(models.CharField, max_length=3, validators=[validate_currency])
SacField = partial(
    models.CharField,
    "SAC",
    max_length=6,
    blank=True,
    validators=[validate_sac],
    help_text="Empty: the seller's usual one.",
)
Sha256Field = partial(
    models.CharField,
    "SHA-256 of the PDF",
    max_length=64,
    blank=True,
    help_text="Of the file as it was stored. Whoever has a copy can compare.",
)
DayField = partial(models.DateField, validators=[validate_business_date])

NO_ORGANISATION = "00000000-0000-0000-0000-000000000000"
"""Stands for "every organisation" in constraints, which would take NULL for different values."""


class Validity(Func):
    """`[effective_from, effective_to)` as a PostgreSQL date range. An empty `effective_to` means no end."""

    function = "DATERANGE"
    output_field = DateRangeField()


def validity() -> Validity:
    return Validity("effective_from", "effective_to", RangeBoundary(inclusive_lower=True, inclusive_upper=False))


def ends_after_it_starts(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(effective_to__isnull=True) | Q(effective_to__gt=F("effective_from")),
        name=name,
        violation_error_message="Must be after the first day. Empty: no end.",
    )


def currency_is_iso(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name=name)


def above_zero(name: str) -> models.CheckConstraint:
    """Of `amount`, where there is one."""
    return models.CheckConstraint(
        condition=Q(amount__isnull=True) | Q(amount__gt=0),
        name=name,
        violation_error_message="Write an amount above 0.",
    )


def check_validity(effective_from: date | None, effective_to: date | None) -> None:
    """Refuse an end before the start. Raises ValidationError; PostgreSQL could not make a range of such days."""
    if effective_from and effective_to and effective_to <= effective_from:
        raise ValidationError(
            {"effective_to": f"Choose a day after {day_text(effective_from)}, the first day. Empty: no end."}
        )


def check_amount(amount: Decimal | None, currency: str) -> None:
    """Refuse an amount with more decimals than its currency has: it could not be charged. Raises ValidationError.

    An unknown currency is refused at its own field.
    """
    if amount is None or currency not in CURRENCIES or amount == round_money(amount, currency):
        return
    places = exponent(currency)
    raise ValidationError({"amount": f"{currency} has {places or 'no'} decimals: round the amount to them."})


def check_customers_currency(row: Any) -> None:
    """Refuse a term of a customer in a currency that the customer is not billed in: only prices of usage are exchanged.

    One that got there because the customer's currency changed can still be ended. Raises ValidationError.
    """
    if not row.organisation_id or row.currency not in CURRENCIES or row.currency == row.organisation.currency:
        return
    if row._state.adding or not type(row).objects.filter(pk=row.pk, currency=row.currency).exists():
        name, theirs = row.organisation, row.organisation.currency
        sentence = (
            f"{name} is billed in {theirs}, and only prices of usage are exchanged: write the amount in {theirs}."
        )
        raise ValidationError({"currency": sentence})


def stored_pdf_has_its_hash(name: str) -> models.CheckConstraint:
    """Each download is compared with it."""
    return models.CheckConstraint(condition=Q(pdf="") | Q(pdf_sha256__regex=r"^[0-9a-f]{64}$"), name=name)
