"""The column types that money, prices, quantities and validity have in every table of invoicing."""

from __future__ import annotations

from functools import partial

from django.contrib.postgres.fields import DateRangeField, RangeBoundary
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
