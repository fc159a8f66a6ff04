"""The column types that money, prices, quantities and validity have in every table of invoicing."""

from __future__ import annotations

from datetime import date
from functools import partial

from django.contrib.postgres.fields import DateRangeField, RangeBoundary
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Func

MoneyField = partial(models.DecimalField, max_digits=19, decimal_places=4)
PriceField = partial(models.DecimalField, max_digits=24, decimal_places=10)
QuantityField = partial(models.DecimalField, max_digits=28, decimal_places=8)


class Validity(Func):
    """`[effective_from, effective_to)` as a PostgreSQL range; an empty end is without end."""

    function = "DATERANGE"
    output_field = DateRangeField()


def validity() -> Validity:
    return Validity("effective_from", "effective_to", RangeBoundary(inclusive_lower=True, inclusive_upper=False))


def check_validity(effective_from: date | None, effective_to: date | None) -> None:
    """Refuse, beside the field, an end before the start: PostgreSQL makes no range of such days."""
    if effective_from and effective_to and effective_to <= effective_from:
        raise ValidationError(
            {"effective_to": f"Must be after {effective_from:%-d %B %Y}, the first day. Empty: open."}
        )
