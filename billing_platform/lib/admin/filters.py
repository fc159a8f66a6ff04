"""The filters of lists: by day on the operators' clock, by related objects the user may see, by what waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, ClassVar

from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import PAGE_VAR
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters import admin as filters
from unfold.contrib.filters.admin import DropdownFilter as DropdownFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm
from unfold.utils import parse_date_str as parse_date_str

from billing_platform.lib.periods import start_of_day

Narrow = Callable[[Any, Any], Any]


def suiting(model: type[models.Model], item: Any) -> Any:
    """A plain field name with the filter that suits its column; a filter stays as it is."""
    if not isinstance(item, str):
        return item
    field = get_fields_from_path(model, item)[-1]
    if field.is_relation:
        return item, RelatedFilter
    if isinstance(field, models.DateField):
        return item, DayRangeFilter
    if isinstance(field, models.BooleanField):
        return item, filters.BooleanRadioFilter
    return item, filters.ChoicesDropdownFilter


class RelatedFilterForm(AutocompleteDropdownForm):
    """Unfold's form takes any row for the label of the chosen one; ours only what the user may see."""

    def __init__(self, request: HttpRequest, name: str, **kwargs: Any) -> None:
        super().__init__(request=request, name=name, **kwargs)
        model_admin, field = kwargs["model_admin"], kwargs["field"]
        self.fields[name].queryset = model_admin.choices_of(field.remote_field.model, request)


class RelatedFilter(filters.AutocompleteSelectFilter):
    form_class = RelatedFilterForm


class QuickFilter(DropdownFilter):
    """A filter whose choices stand above the list as links, the one in force marked: no rows are left out unseen."""

    def links(self, changelist: Any) -> list[dict[str, Any]]:
        chosen = self.value() or self.all_option[0]
        return [
            {
                "label": label,
                "url": changelist.get_query_string({self.parameter_name: value or None}, [PAGE_VAR]),
                "chosen": str(value) == str(chosen),
            }
            for value, label in (self.all_option, *self.lookup_choices)
        ]


class WaitingFirst(QuickFilter):
    """What waits for a person comes first; what has come to an end, by how it ended, and all on demand. Subclasses say
    `all_option`, `endings` (statuses with their labels) and `waiting`, which narrows the rows to those that wait."""

    title = parameter_name = "status"
    endings: ClassVar[tuple[tuple[str, str], ...]]

    def waiting(self, queryset: Any) -> Any:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*self.endings, ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value in dict(self.endings):
            return queryset.filter(status=value)
        return queryset if value == "all" else self.waiting(queryset)


class DayRangeFilter(filters.RangeDateFilter):
    """From and to a day, both included; where the column is a time, days of the operators' clock."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        bounds = {}
        for end, lookup in (("from", "gte"), ("to", "lt")):
            day = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_{end}", ""))
            if day is not None:
                day = min(day, date.max - timedelta(days=1))
                day += timedelta(days=1) if end == "to" else timedelta(0)
                bounds[f"{self.parameter_name}__{lookup}"] = self._instant(day)
        return queryset.filter(**bounds)

    def _instant(self, day: Any) -> Any:
        if not isinstance(self.field, models.DateTimeField):
            return day
        return start_of_day(day, timezone.get_current_timezone())


class AttentionFilter(DropdownFilter):
    """Rows that need attention, by kind: the lists that the dashboard links to."""

    title = parameter_name = "attention"
    kinds: Mapping[str, tuple[str, Narrow]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, label) for kind, (label, _narrow) in self.kinds.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        _label, narrow = self.kinds.get(self.value() or "", ("", None))
        return queryset if narrow is None else narrow(real_rows(queryset), request.user)


def real_rows(rows: Any) -> Any:
    """Without those of test customers, for whom nobody has to do anything; rows that are of no customer stay."""
    return rows.real() if hasattr(rows, "real") else rows


def attention_filter(**kinds: tuple[str, Narrow]) -> type[AttentionFilter]:
    """By name in the address, what each kind is called, and how it narrows a queryset for a user."""
    return type("AttentionFilter", (AttentionFilter,), {"kinds": kinds})
