"""Exchange rates: the value of a currency in another currency on a day, with its source."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import short_text
from billing_platform.lib.validators import (
    validate_business_date,
    validate_currency,
    validate_positive,
    validate_printed_line,
)
from invoicing.models.columns import PriceField
from invoicing.rates import Rate


class ExchangeRate(BaseModel):
    """One unit of `base` is worth `rate` units of `target`: 1 USD = 83.4725 INR. Shared by all organisations.

    An invoice stores a copy of the rate that it uses.
    """

    base = models.CharField(max_length=3, validators=[validate_currency])
    target = models.CharField(max_length=3, validators=[validate_currency])
    rate = PriceField(validators=[validate_positive])
    as_of = models.DateField(
        "date", validators=[validate_business_date], help_text="The day for which the source published the rate."
    )
    source = models.CharField(
        max_length=100, validators=[validate_printed_line], help_text="Such as RBI reference rate (FBIL)."
    )

    constraint_fields = {
        "one_exchange_rate_per_day": "as_of",
        "exchange_rate_is_positive": "rate",
        "exchange_rate_between_two_currencies": "target",
    }

    class Meta:
        ordering = ["-as_of", "base", "target"]
        constraints = [
            models.UniqueConstraint(
                fields=["base", "target", "as_of"],
                name="one_exchange_rate_per_day",
                violation_error_message="There is a rate for these currencies and this day already.",
            ),
            models.CheckConstraint(
                condition=Q(rate__gt=0),
                name="exchange_rate_is_positive",
                violation_error_message="Write a number above 0.",
            ),
            models.CheckConstraint(
                condition=~Q(base=F("target")),
                name="exchange_rate_between_two_currencies",
                violation_error_message="Choose another currency than the base currency.",
            ),
        ]

    def as_rate(self) -> Rate:
        """The plain value that invoices are computed from."""
        return Rate(self.base, self.target, self.rate, self.as_of, self.source)

    def __str__(self) -> str:
        return f"1 {self.base} = {short_text(self.rate)} {self.target} on {day_text(self.as_of)}"
