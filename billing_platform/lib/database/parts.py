"""Long queries, read a part at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

AT_ONCE = 2_000


def in_parts(rows: QuerySet[Any]) -> Iterator[Any]:
    """The rows of a query in its order, so many at a time in memory, with their ids known from the beginning.

    `iterator()` would fetch all of them at once: there are no server-side cursors (see DATABASES in the settings). The
    ordering must not leave two rows level; a row that no longer fits the query when its part is read is left out.
    """
    ids = list(rows.values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        yield from rows.filter(pk__in=ids[start : start + AT_ONCE])
