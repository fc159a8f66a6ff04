"""How text that somebody types or pastes finds rows: each app says it of its models, in its `Contribution`.

Finds(Invoice, "receipt_long", whole=("number",), about=lambda invoice: invoice.organisation.name)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Model, Q
from django.http import HttpRequest

MOST_OF_A_KIND = 8
LARGEST_INTEGER = 2**31 - 1
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Finds:
    """By what the rows of a model are found, beside their id.

    `whole` are columns with an index, compared with the whole text: as it is typed, in capitals, and in small letters.
    `numbers` are integer columns with an index. `within` are columns that hold the text somewhere, for models with few
    rows. With `searched`, the model's list is searched as its own search box does. `looks_like` is a pattern: text of
    another shape is not looked for. `name(row)` and `about(row)` are what is shown; `related` is what they need.
    """

    model: type[Model]
    icon: str
    whole: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    searched: bool = False
    looks_like: str = ""
    related: tuple[str, ...] = ()
    name: Callable[[Any], str] = str
    about: Callable[[Any], str] = lambda _row: ""
    is_last_resort: bool = False
    """Looked for only if nothing else was found, because it costs more or any text may be meant."""

    def rows(self, page: Any, request: HttpRequest, text: str) -> list[Any]:
        """The rows that the text names among those that the user may see on the model's page."""
        rows = page.get_queryset(request).select_related(*self.related)
        if self.searched:
            found, _has_doubles = page.get_search_results(request, rows, text)
        else:
            condition = self._condition(text)
            if condition is None:
                return []
            found = rows.filter(condition)
        return list(found.order_by("-pk")[:MOST_OF_A_KIND])

    def _condition(self, text: str) -> Q | None:
        if self.looks_like and not re.fullmatch(self.looks_like, text, re.IGNORECASE):
            return None
        conditions = [Q(**{f"{column}__in": spellings(text)}) for column in self.whole]
        conditions += [Q(**{f"{column}__icontains": text}) for column in self.within]
        if is_integer(text):
            conditions += [Q(**{column: int(text)}) for column in self.numbers]
        if _UUID.fullmatch(text) and self.model._meta.pk.get_internal_type() == "UUIDField":
            conditions.append(Q(pk=UUID(text)))
        return reduce(or_, conditions) if conditions else None


def spellings(text: str) -> set[str]:
    """As it is typed, in capitals, and in small letters: an index finds each of them."""
    return {text, text.upper(), text.lower()}


def is_integer(text: str) -> bool:
    """Whether the text is a number that an integer column may hold."""
    return text.isascii() and text.isdigit() and int(text) <= LARGEST_INTEGER
