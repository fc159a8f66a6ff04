"""How many rows a list has, without counting more of them than anybody pages through."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

MOST_COUNTED = 10_000


class MoreThan(int):
    """A count that was given up at a number; people read it in words."""

    def __str__(self) -> str:
        return f"more than {int(self):,}"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic to mypy only
    """Counts as far as 10,000 rows, and pages as far: PostgreSQL would read the whole index of a large table for each
    page. Whoever looks for older rows narrows the list."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if not hasattr(rows, "order_by"):
            return len(rows)
        found = int(rows.order_by()[: MOST_COUNTED + 1].count())
        return found if found <= MOST_COUNTED else MoreThan(MOST_COUNTED)
