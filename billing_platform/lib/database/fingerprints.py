"""A number by which sets of rows are compared. PostgreSQL computes it; the order of the rows does not matter."""

from __future__ import annotations

from django.db.models import Aggregate, BigIntegerField


class Fingerprint(Aggregate):
    """A 64-bit number of the rows' keys, or None for no rows. It changes if a row is added or removed."""

    function = "BIT_XOR"
    template = "%(function)s(hashtextextended((%(expressions)s)::text, 0))"
    output_field = BigIntegerField()
