"""What the search box of a list finds, so that PostgreSQL can use an index for it in a list of a million rows.

Every word has to stand in the row itself, or every word in the name of its customer, or it is the whole number of
another row that it leads to, such as its invoice. Customers and whole numbers are asked for first, and the list is then
narrowed by what was found. With joins, as Django asks, all rows of the list would be joined before any is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

from django.contrib.admin.utils import lookup_spawns_duplicates
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, IntegerField, Model, Q
from django.db.models.base import ModelBase
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal

from billing_platform.lib.admin.finding import is_integer, spellings

NOTHING = Q(pk__in=())
EXACT = "__exact"
MOST_NAMED = 2_000
"""As many rows of another table are named one by one. More of them are most of that table, and asked in one query."""


class SearchingMixin:
    """Answers a ModelAdmin's `search_fields`: as Django's own, without its signs before a name."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if "\x00" in search_term:  # typed into an autocomplete
            return queryset.none(), False
        names: Sequence[str] = self.get_search_fields(request)  # type: ignore[attr-defined]  # a mixin: the page has it
        own, elsewhere = _by_relation(queryset.model, names)
        words = list(_words(search_term))
        if not elsewhere or not words:
            return super().get_search_results(request, queryset, search_term)  # type: ignore[misc,no-any-return]  # a mixin
        found = [_leading_to(relation, model, names, words) for (relation, model), names in elsewhere.items()]
        if own:
            found.append(_all_words(queryset.model, own, words))
        may_double = any(lookup_spawns_duplicates(queryset.model._meta, name) for name in own)
        return queryset.filter(reduce(or_, found)), may_double


def _words(text: str) -> Iterable[str]:
    """As Django splits them: words between quotation marks are one."""
    for word in smart_split(text):
        quoted = len(word) > 1 and word[0] in "\"'" and word[0] == word[-1]
        yield unescape_string_literal(word) if quoted else word


def _by_relation(
    model: type[Model], names: Sequence[str]
) -> tuple[list[str], dict[tuple[str, type[Model]], list[str]]]:
    """The names that are compared in the list itself, and those of rows that are asked for first, by the way there. For
    a part of a word in any other table all of it would be read: the list is joined with it."""
    own: list[str] = []
    elsewhere: dict[tuple[str, type[Model]], list[str]] = {}
    for name in names:
        relation, target, rest = _followed(model, name)
        is_customer = relation == getattr(model, "tenant_path", "")
        if relation and (is_customer or rest.endswith(EXACT)):
            elsewhere.setdefault((relation, target), []).append(rest)
        else:
            own.append(name)
    return own, elsewhere


def _followed(model: type[Model], name: str) -> tuple[str, type[Model], str]:
    """How far foreign keys lead: "invoice__organisation__name" → ("invoice__organisation", Organisation, "name")."""
    way: list[str] = []
    parts = name.split(LOOKUP_SEP)
    for part in parts:
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist:
            break
        if not (isinstance(field, ForeignKey) and isinstance(field.related_model, ModelBase)):
            break
        way.append(part)
        model = field.related_model
    return LOOKUP_SEP.join(way), model, LOOKUP_SEP.join(parts[len(way) :])


def _leading_to(relation: str, model: type[Model], names: list[str], words: list[str]) -> Q:
    rows = model._default_manager.filter(_all_words(model, names, words)).order_by().values_list("pk", flat=True)
    named = list(rows[: MOST_NAMED + 1])
    return Q(**{f"{relation}__in": named if len(named) <= MOST_NAMED else rows})


def _all_words(model: type[Model], names: list[str], words: list[str]) -> Q:
    return reduce(and_, (reduce(or_, (_matches(model, name, word) for name in names)) for word in words))


def _matches(model: type[Model], name: str, word: str) -> Q:
    """A name that ends with `__exact` is compared with the whole word, which an index finds; others may hold it
    anywhere."""
    if not name.endswith(EXACT):
        return Q(**{f"{name}__icontains": word})
    column = name.removesuffix(EXACT)
    if isinstance(model._meta.get_field(column), IntegerField):
        return Q(**{column: int(word)}) if is_integer(word) else NOTHING
    return Q(**{f"{column}__in": spellings(word)})
