"""What checks share: running a statement, and amounts side by side for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from reconciliation.findings import Window

MOST_ROWS = 20_000
"""Of one statement: more than is stored of a reading, and no more than memory may hold. There are no server-side
cursors (see DATABASES in the settings)."""


def rows(statement: str, parameters: dict[str, Any]) -> Iterator[Any]:
    """What a statement says that ends with ORDER BY: the first MOST_ROWS of it."""
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} LIMIT {MOST_ROWS}", parameters)
        yield from cursor


def days(window: Window) -> dict[str, Any]:
    return {
        "first": window.first,
        "last": window.last,
        "start": window.start,
        "organisation": window.organisation_id,
    }


def differing(names: Sequence[str], one: Sequence[Decimal], other: Sequence[Decimal], currency: str) -> str:
    """Of `one` the amounts that are not those of `other`: "tax ₹180.00, total ₹1,180.00"."""
    pairs = zip(names, one, other, strict=True)
    return ", ".join(f"{name} {format_money(mine, currency)}" for name, mine, its in pairs if mine != its)


def largest(one: Sequence[Decimal], other: Sequence[Decimal]) -> Decimal:
    return max((abs(mine - its) for mine, its in zip(one, other, strict=True)), default=ZERO)
