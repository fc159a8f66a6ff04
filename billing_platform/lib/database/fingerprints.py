"""A number that tells one set of rows from another, worked out by PostgreSQL whatever the order of the rows."""

from __future__ import annotations

from django.db.models import Aggregate, BigIntegerField


class Fingerprint(Aggregate):
    """Of the rows' keys: 64 bits, None for no rows. Rows that come or go change it."""

    function = "BIT_XOR"
    template = "%(function)s(hashtextextended((%(expressions)s)::text, 0))"
    output_field = BigIntegerField()
