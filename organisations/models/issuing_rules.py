"""When a customer's drafts are issued by themselves: days of grace, and the rules under which a person approves first.

The seller has the defaults; a customer may have rules of its own. `invoicing.services.approving` puts both together.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.limits import MAX_CHANGE_PERCENT, MAX_DRAFT_DAYS, MONEY_DIGITS, MONEY_PLACES
from billing_platform.lib.number_formats import NumberError, parse_decimal
from billing_platform.lib.validators import validate_currency, validate_positive

SELLERS = "Empty: as the seller has it."
WITHIN_BOUNDS = (Q(draft_days__isnull=True) | Q(draft_days__lte=MAX_DRAFT_DAYS)) & (
    Q(approve_change_percent__isnull=True) | Q(approve_change_percent__gte=0)
)
"""For the constraints of both."""


def validate_amounts(value: Any) -> None:
    """Accepts `{"INR": "500000"}`: a positive amount, as text, for each of some currencies."""
    if not isinstance(value, dict):
        raise ValidationError("Write a currency and an amount in each line, such as INR 500000.")
    for currency, amount in value.items():
        validate_currency(currency)
        try:
            validate_positive(parse_decimal(amount, places=MONEY_PLACES))
        except NumberError as error:
            raise ValidationError(f"{currency}: {error}") from None


class SellersIssuingRules(models.Model):
    """The defaults for a seller's customers. Without any, a month's invoice is issued by the run that drafts it."""

    draft_days = models.PositiveSmallIntegerField(
        "days of grace",
        default=0,
        validators=[MaxValueValidator(MAX_DRAFT_DAYS)],
        help_text="A month's draft is issued that many days after the run made it, at the same time of day.",
    )
    approve_above = models.JSONField(
        "approval above",
        default=dict,
        blank=True,
        validators=[validate_amounts],
        help_text="A currency and an amount in each line, such as INR 500000. A total above it, with tax, needs "
        "approval.",
    )
    approve_change_percent = models.DecimalField(
        "approval of a change above (%)",
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MAX_CHANGE_PERCENT)],
        help_text="Of the total against the mean of the customer's last three month invoices. Empty: never.",
    )
    approve_first = models.BooleanField("approval of a first invoice", default=False)
    approve_edited = models.BooleanField(
        "approval of typed lines", default=False, help_text="One-off invoices, and months with lines typed by hand."
    )
    four_eyes = models.BooleanField(
        "four eyes", default=False, help_text="Who drafted an invoice by hand, or typed on it, can't approve it."
    )

    class Meta:
        abstract = True


class CustomersIssuingRules(models.Model):
    """A customer's own rules, each in place of its seller's."""

    draft_days = models.PositiveSmallIntegerField(
        "days of grace",
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_DRAFT_DAYS)],
        help_text=f"From the run's draft of a month to its invoice. {SELLERS}",
    )
    approve_above = models.DecimalField(
        "approval above",
        max_digits=MONEY_DIGITS,
        decimal_places=MONEY_PLACES,
        null=True,
        blank=True,
        validators=[validate_positive],
        help_text=f"In the customer's currency, with tax. {SELLERS}",
    )
    approve_change_percent = models.DecimalField(
        "approval of a change above (%)",
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MAX_CHANGE_PERCENT)],
        help_text=f"Against the mean of the last three month invoices. {SELLERS}",
    )
    approve_first = models.BooleanField("approval of a first invoice", null=True, blank=True, help_text=SELLERS)
    approve_edited = models.BooleanField("approval of typed lines", null=True, blank=True, help_text=SELLERS)

    class Meta:
        abstract = True
