"""What happened to a customer, newest first, from all apps: each says what it tells in its `Contribution`.

Tells("invoices", "Invoices", "invoicing.view_invoice", invoices_told)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet


@dataclass(frozen=True)
class Moment:
    """One thing that happened. `key` tells apart what happened at the same instant; `link` leads to its page."""

    at: datetime
    key: str
    text: str
    link: str = ""
    tone: str = ""

    @property
    def place(self) -> tuple[datetime, str]:
        return self.at, self.key


@dataclass(frozen=True)
class Before:
    """Where a page of the timeline begins: after the moment with this time and key, the last of the page before."""

    at: datetime
    key: str

    @classmethod
    def parse(cls, text: str) -> Before | None:
        """As `str` writes it; None for anything else."""
        at, _, key = text.partition("~")
        try:
            moment = datetime.fromisoformat(at)
            return cls(moment.astimezone(UTC), str(UUID(key))) if moment.tzinfo else None
        except (ValueError, OverflowError):
            return None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.key}"

    def narrow(self, rows: QuerySet[Any], column: str) -> QuerySet[Any]:
        """Of rows with a UUID, those that come after this place in a list by `column`, newest first."""
        return rows.filter(Q(**{f"{column}__lt": self.at}) | Q(**{column: self.at, "pk__lt": self.key}))


Source = Callable[[Any, Before | None, int], Iterable[Moment]]
"""(customer, before, how many) → the newest moments before that place, newest first."""


@dataclass(frozen=True)
class Tells:
    """One kind of thing that an app tells of a customer to users with a permission for it."""

    kind: str
    label: str
    icon: str
    permission: str
    moments: Source


def told(
    rows: QuerySet[Any], column: str, before: Before | None, most: int, moment: Callable[[Any], Moment]
) -> Iterable[Moment]:
    """The moments of rows with a UUID by a column that holds when they happened."""
    rows = rows.filter(**{f"{column}__isnull": False})
    rows = before.narrow(rows, column) if before else rows
    return [moment(row) for row in rows.order_by(f"-{column}", "-pk")[:most]]


def page_of(
    kinds: Iterable[Tells], customer: Any, *, before: Before | None, size: int
) -> tuple[list[tuple[Tells, Moment]], Before | None]:
    """The newest moments of some kinds, and where the next page begins, if there is one. Each kind is asked for one
    page, so the queries do not grow with the history."""
    sources = [[(tells, moment) for moment in tells.moments(customer, before, size + 1)] for tells in kinds]
    newest_first = merge(*sources, key=lambda pair: pair[1].place, reverse=True)
    found = list(islice(newest_first, size + 1))
    shown = found[:size]
    more = len(found) > size
    return shown, Before(*shown[-1][1].place) if more else None
