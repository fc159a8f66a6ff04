"""What every list offers: its columns are chosen, and what it shows is exported, with the same filters and order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from itertools import islice
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, PermissionDenied
from django.db.models import DecimalField, IntegerField
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone, localtime, override

from billing_platform.lib.admin.columns import names_of
from billing_platform.lib.admin.display import EMPTY, text_of
from billing_platform.lib.admin.once import RowsKnowTheirFilters
from billing_platform.lib.batches import batches
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import short_text

COLUMNS_VAR = "columns"
ANSWER = "answer-"
"""Begins the names of answers in an address, which fill in the form of an action on the list's rows: no filters."""
MOST_ROWS = 100_000
AT_A_TIME = 1_000
CHECKBOX = "action_checkbox"


@dataclass(frozen=True)
class Choice:
    """One column that a list can show."""

    name: str
    label: str
    is_shown: bool


@dataclass(frozen=True)
class Export:
    """A list as a file: what it is called, its head and its rows, and the columns that hold numbers."""

    name: str
    lines: Iterator[list[Any]]
    numbers: frozenset[str]


class ListingMixin:
    """Gives a ModelAdmin's list the choice of its columns, and the export."""

    model: Any
    opts: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.list_export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_list_export"
        return [path("list-export/", view, name=name), *super().get_urls()]  # type: ignore[misc]  # a mixin: the page has it

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        found: Any = super().get_changelist(request, **kwargs)  # type: ignore[misc]  # a mixin: the page has it
        return type("OurList", (_ChosenColumns, RowsKnowTheirFilters, found), {})

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns chosen in the address, in the list's order. The first leads to the row, and is always there."""
        every = self.every_column(request)
        chosen = set(_chosen(request))
        if not chosen & set(names_of(every)):
            return every
        return [column for place, column in enumerate(every) if not place or names_of([column])[0] in chosen]

    def every_column(self, request: HttpRequest) -> list[Any]:
        """Those that can be chosen."""
        return list(super().get_list_display(request))  # type: ignore[misc]  # a mixin: the page has it

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if len(request.GET.getlist(COLUMNS_VAR)) > 1:  # as ticked: one value passes through every form of the page
            query = request.GET.copy()
            query[COLUMNS_VAR] = ",".join(_chosen(request))
            return HttpResponseRedirect(f"?{query.urlencode()}")
        context = {"listing": Listing(self, request), **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[misc]  # a mixin: the page has it

    def list_export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The rows of the list as CSV: those that its filters leave, with the columns it shows."""
        try:
            exported = self.exported_list(request)
        except IncorrectLookupParameters:
            raise Http404 from None
        return csv_response(exported.name, exported.lines)

    def exported_list(self, request: HttpRequest) -> Export:
        """What the list shows to the user of this request. Raises PermissionDenied, and IncorrectLookupParameters or
        SuspiciousOperation for filters that the list has not."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]  # a mixin: the page has it
            raise PermissionDenied
        changelist = self.get_changelist_instance(request)
        columns = [column for column in changelist.list_display if column != CHECKBOX]
        rows = islice(self.rows_to_export(changelist), MOST_ROWS + 1)
        name = str(self.opts.verbose_name_plural).replace(" ", "-").replace("_", "-")
        numbers = frozenset(_label(self, column) for column in columns if _is_number(self, column))
        lines = _lines(self, columns, self._with_facts(request, rows))
        return Export(name, _in_zone(lines, get_current_timezone()), numbers)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)  # type: ignore[misc]  # a mixin: the page has it
        if self._adds_facts:
            changelist.result_list = list(self._with_facts(request, changelist.result_list))
        return changelist

    def add_facts(self, request: HttpRequest, rows: list[Any]) -> None:
        """What the columns show beside what the queryset brings, asked for all the rows at once and set on each. They
        are a page of the list, or a part of the export."""

    @property
    def _adds_facts(self) -> bool:
        return type(self).add_facts is not ListingMixin.add_facts

    def _with_facts(self, request: HttpRequest, rows: Iterable[Any]) -> Iterator[Any]:
        """The rows one after the other; no more than some are in memory."""
        for some in batches(rows, AT_A_TIME):
            self.add_facts(request, some)
            yield from some

    def rows_to_export(self, changelist: Any) -> Iterable[Any]:
        """In the list's order."""
        return changelist.queryset.iterator(chunk_size=AT_A_TIME)  # type: ignore[no-any-return]  # of a list


def _chosen(request: HttpRequest) -> list[str]:
    """The names of columns in the address, separated by commas."""
    return [name for value in request.GET.getlist(COLUMNS_VAR) for name in value.split(",")]


class _ChosenColumns:
    """Mixed into Django's list: columns and answers in the address are no filters, and stay there from page to page."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        filters: dict[str, Any] = super().get_filters_params(params)  # type: ignore[misc]  # a mixin: the list has it
        filters.pop(COLUMNS_VAR, None)
        return {name: value for name, value in filters.items() if not name.startswith(ANSWER)}


class Listing:
    """What stands above a list, beside its buttons. The template asks for it only where it is shown."""

    def __init__(self, page: Any, request: HttpRequest) -> None:
        self._page, self._request = page, request

    @property
    def columns(self) -> list[Choice]:
        shown = set(names_of(self._page.get_list_display(self._request)))
        every = self._page.every_column(self._request)
        return [
            Choice(name, _label(self._page, column), name in shown)
            for name, column in zip(names_of(every), every, strict=True)
        ][1:]

    @property
    def filters(self) -> list[tuple[str, str]]:
        """The list's filters, for the form that chooses columns: the order counts columns, so it begins anew."""
        left_out = {COLUMNS_VAR, ORDER_VAR, PAGE_VAR}
        return [(name, value) for name, values in self._request.GET.lists() if name not in left_out for value in values]

    @property
    def export_url(self) -> str:
        meta = self._page.opts
        query = self._request.GET.urlencode()
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_list_export") + (f"?{query}" if query else "")


def _in_zone(lines: Iterator[list[Any]], zone: tzinfo) -> Iterator[list[Any]]:
    """Each line made by the clock of the page: lines are read when its request is over."""
    while True:
        with override(zone):
            line = next(lines, None)
        if line is None:
            return
        yield line


def _lines(page: Any, columns: list[Any], rows: Iterable[Any]) -> Iterator[list[Any]]:
    """The head, then a line for each row. Amounts stand as numbers, with their currency in a column of its own."""
    currencies = {_currency(page, column) for column in columns} - {None}
    head = [_label(page, column) for column in columns]
    yield [*head, "Currency"] if currencies else head
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            yield [f"The list has more than {MOST_ROWS:,} rows: filter it."]
            return
        found = {code(row) for code in currencies if code is not None}
        yield [_cell(page, column, row) for column in columns] + ([", ".join(sorted(found))] if currencies else [])


def _shown(page: Any, column: Any) -> Any:
    return column if callable(column) else getattr(page, column, None)


def _currency(page: Any, column: Any) -> Any:
    return getattr(_shown(page, column), "currency_of", None)


def _is_number(page: Any, column: Any) -> bool:
    """An amount or a quantity: what somebody may want to add up."""
    if _currency(page, column) is not None:
        return True
    try:
        field = page.opts.get_field(column) if isinstance(column, str) else None
    except FieldDoesNotExist:
        return False
    return isinstance(field, DecimalField | IntegerField) and not field.choices


def _label(page: Any, column: Any) -> str:
    return str(capfirst(str(label_for_field(column, page.model, page))))


def _cell(page: Any, column: Any, row: Any) -> str:
    plain = getattr(_shown(page, column), "plain", None)
    if plain is not None:
        return _plain(plain(row))
    try:
        field, _attribute, value = lookup_field(column, row, page)
    except ObjectDoesNotExist:
        return ""
    if field is not None and not field.is_relation and not field.choices:
        return _plain(value)
    text = str(value if field is None or field.is_relation else display_for_field(value, field, EMPTY))
    return "" if value is None else _plain(text_of(text))


def _plain(value: Any) -> str:
    """As a program reads it: no grouped digits, ISO dates, times on the operators' clock with their offset."""
    if value is None or value == EMPTY:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return localtime(value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return short_text(value) if isinstance(value, Decimal) else str(value)
