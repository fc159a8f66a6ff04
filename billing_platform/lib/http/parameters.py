"""Query parameters of lists and reports, the same way everywhere: declared as a filter set, 400 for anything wrong.

A view names its filter set in `filterset_class`. The filters below read what the contract writes (days, months, ids);
drf-spectacular describes them in OpenAPI. A list is narrowed by its filter set without further code; a report, which
has no list to narrow, reads the checked values with `report_parameters`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework.exceptions import ValidationError as BadParameter
from rest_framework.fields import BooleanField
from rest_framework.mixins import ListModelMixin
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from billing_platform.lib.periods import BillingPeriod, PeriodError

_FIRST_YEAR, _LAST_YEAR = 2000, 2999
_LONGEST_NUMBER = 9  # digits of a page's number or size


class Pagination(PageNumberPagination):
    """`{"count", "next", "previous", "results"}`, with `?page=` from 1 and `?page_size=` (50; more than 200 means 200).

    Answers 400 for what is no number, and 404 for a page behind the last one.
    """

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int:
        return min(_counting_number(request, self.page_size_query_param, self.page_size), self.max_page_size)

    def get_page_number(self, request: Request, paginator: Paginator[Any]) -> int:
        return _counting_number(request, self.page_query_param, 1)


def _counting_number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER and int(text)):
        raise BadParameter({name: ["Write a whole number from 1."]})
    return int(text)


# --- which parameters there are ---------------------------------------------------------------------------------------


def check_parameters(view: Any, request: Request) -> None:
    """Refuse parameters that the view does not know, that are empty, that are given twice or that hold a NUL character.

    Raises DRF's ValidationError (400), which names every bad parameter.
    """
    known, wrong = _known(view, request), {}
    for name, values in request.query_params.lists():
        if name not in known:
            wrong[name] = ["There is no such parameter here." + (f" Known: {', '.join(known)}." if known else "")]
        elif len(values) > 1:
            wrong[name] = ["Give this parameter once."]
        elif not values[0]:
            wrong[name] = ["Give a value, or leave the parameter out."]
        elif "\x00" in values[0]:
            wrong[name] = ["The value holds a NUL character."]
    if wrong:
        raise BadParameter(wrong)


def _known(view: Any, request: Request) -> list[str]:
    if request.method not in SAFE_METHODS:
        return []
    filter_set = getattr(view, "filterset_class", None)
    paging = [Pagination.page_query_param, Pagination.page_size_query_param]
    return [*(filter_set.base_filters if filter_set else []), *(paging if isinstance(view, ListModelMixin) else [])]


def report_parameters(view: Any) -> dict[str, Any]:
    """The checked values of the parameters that were given, for a report: an answer that is no list of rows.

    Its view is generic, and says in `queryset` which model OpenAPI finds the parameters' types in. Raises DRF's
    ValidationError (400).
    """
    filter_set = DjangoFilterBackend().get_filterset(view.request, view.queryset, view)
    if not filter_set.is_valid():
        raise BadParameter(filter_set.errors)
    return {name: value for name, value in filter_set.form.cleaned_data.items() if name in view.request.query_params}


# --- what a parameter may say -----------------------------------------------------------------------------------------


class TextFilter(django_filters.CharFilter):
    """Equal to the text, blanks at its ends included."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)


class IdFilter(django_filters.UUIDFilter):
    """The id of another object: `organisation` asks for `organisation_id`. One that does not exist has no rows."""

    def __init__(self, field_name: str, **kwargs: Any) -> None:
        super().__init__(field_name=field_name, **kwargs)


class _Day(forms.Field):
    def to_python(self, value: Any) -> date | None:
        if not value:
            return None
        day = _read(lambda: datetime.strptime(value, "%Y-%m-%d").date(), "Write the day as 2026-11-01.")  # noqa: DTZ007  # (a day)
        return _within_reach(day)


class _DayOrMoment(forms.Field):
    def to_python(self, value: Any) -> date | None:
        if not value:
            return None
        return _within_reach(_read(lambda: datetime.fromisoformat(value).date(), "Write the day as 2026-11-01."))


class _Month(forms.Field):
    def to_python(self, value: Any) -> BillingPeriod | None:
        try:
            return BillingPeriod.parse(value) if value else None
        except PeriodError as error:
            raise ValidationError(str(error)) from None


class _Truth(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in BooleanField.TRUE_VALUES:
            return True
        if value in BooleanField.FALSE_VALUES:
            return False
        if value:
            raise ValidationError("Write true or false.")
        return None


class DayFilter(django_filters.DateFilter):
    """A day, 2026-11-01."""

    field_class = _Day


class DayOrMomentFilter(django_filters.DateFilter):
    """A day, or a timestamp of which only the day as it is written counts: 2026-11-01T09:30:00Z is 2026-11-01."""

    field_class = _DayOrMoment


class MonthFilter(django_filters.CharFilter):
    """A month, 2026-11, as a BillingPeriod."""

    field_class = _Month


class TruthFilter(django_filters.BooleanFilter):
    """true or false. django-filter's own takes every other word for "not given"."""

    field_class = _Truth


def _read(parse: Callable[[], date], sentence: str) -> date:
    try:
        return parse()
    except ValueError:
        raise ValidationError(sentence) from None


def _within_reach(day: date) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValidationError("There is nothing here of that time.")
    return day


class ListFileParameters(FilterSet):
    """Of a list that is also a file."""

    format = django_filters.ChoiceFilter(
        choices=[("json", "JSON"), ("csv", "CSV")], method="any_format", label="A file, of all pages; JSON if left out."
    )

    def any_format(self, rows: Any, _name: str, _value: str) -> Any:
        return rows
