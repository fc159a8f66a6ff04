"""The newest rows of a list, as they stand on another page, with the way to all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from billing_platform.lib.admin.columns import names_of
from billing_platform.lib.admin.contributions import list_address, list_title, view_permission
from billing_platform.lib.admin.display import EMPTY, anchor, yes_or_no
from billing_platform.lib.admin.filters import QuickFilter

SHOWN = 20
MOST_COLUMNS = 7
EVERYTHING = "all"
_THE_OWNER = {"customer", "customer_link", "organisation", "project__organisation"}
"""Columns that say whose page it is."""


@dataclass(frozen=True)
class Newest:
    title: str
    table: SafeString
    href: str
    all_of_them: str


def newest_rows(
    site: Any, request: HttpRequest, model: type[Model], narrowed: Mapping[str, Any], *, owner: Any
) -> Newest | None:
    """The first rows of the list of `model`, narrowed as its address is; None for who may not see them. The columns and
    the order are those of the list."""
    user: Any = request.user
    page = site._registry.get(model)
    if page is None or not user.has_perm(view_permission(model), owner):
        return None
    rows = page.get_queryset(request).filter(**narrowed)
    if page.list_select_related:
        rows = rows.select_related(*page.list_select_related)
    ordering: Any = page.get_ordering(request) or model._meta.ordering or ()
    found = list(rows.order_by(*ordering)[:SHOWN])
    count = len(found) if len(found) < SHOWN else page.paginator(rows, SHOWN).count
    address = {name: str(value) for name, value in narrowed.items()} | _showing_everything(page, request)
    table = _table(page, request, found) if found else format_html('<p class="calm">{}</p>', "None yet.")
    return Newest(list_title(model), table, list_address(model, **address), f"All {count}" if found else "")


def _showing_everything(page: Any, request: HttpRequest) -> dict[str, str]:
    """What lifts a filter that leaves rows out unless it is told otherwise."""
    quick = [each for each in page.get_list_filter(request) if isinstance(each, type) and issubclass(each, QuickFilter)]
    return {str(each.parameter_name): EVERYTHING for each in quick if EVERYTHING in _choices(each, page, request)}


def _choices(quick: type[QuickFilter], page: Any, request: HttpRequest) -> set[str]:
    made: Any = quick(request, {}, page.model, page)
    return {str(value) for value, _label in made.lookup_choices}


def _table(page: Any, request: HttpRequest, rows: Iterable[Any]) -> SafeString:
    every = page.every_column(request)
    columns = [each for each, name in zip(every, names_of(every), strict=True) if name not in _THE_OWNER]
    columns = columns[:MOST_COLUMNS]
    heads = [(_class(page, column), capfirst(str(label_for_field(column, page.model, page)))) for column in columns]
    head = format_html_join("", '<th scope="col" class="{}">{}</th>', heads)
    lines = format_html_join("", "<tr>{}</tr>", ((_line(page, columns, row),) for row in rows))
    table = format_html('<table class="facts cards"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, lines)
    return format_html('<div class="facts-scroll">{}</div>', table)


def _line(page: Any, columns: list[Any], row: Any) -> SafeString:
    cells = []
    for place, column in enumerate(columns):
        shown = _cell(page, column, row)
        name = capfirst(str(label_for_field(column, page.model, page)))
        cells.append((_class(page, column), name, anchor(page, row, shown) if place == 0 else shown))
    return format_html_join("", '<td class="{}" data-named="{}">{}</td>', cells)


def _class(page: Any, column: Any) -> str:
    shown = column if callable(column) else getattr(page, column, None)
    return "number" if getattr(shown, "is_number", False) else ""


def _cell(page: Any, column: Any, row: Any) -> Any:
    try:
        field, _attribute, value = lookup_field(column, row, page)
    except ObjectDoesNotExist:
        return EMPTY
    if field is not None and not field.is_relation:
        return display_for_field(value, field, EMPTY)
    return EMPTY if value in (None, "") else yes_or_no(value) if isinstance(value, bool) else value
