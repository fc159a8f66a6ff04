"""What Unfold and Django work out again and again for one page, worked out once.

Unfold 0.91 draws a list of fifty rows with 51 times all headers, each time with the box that ticks all rows. This was
a third of the time of a page. The way back to a filtered list is added to the address of each row by Django, which
first asks all addresses of the platform what page the row's is. And Unfold asks for what each field of an object's page
shows before it knows whether it shows it, and again to show it. Each option of a filter's menu has a template. A test
of each fails when they ask another way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from unfold import fields as unfold_fields
from unfold.admin import checkbox
from unfold.contrib.filters.forms import DropdownForm
from unfold.templatetags import unfold_list

from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.admin.inputs import Select

_PLACE = "number-of-the-row"
_SHOWN = "_shown_by_pages"


def make_headers_once() -> None:
    """For each list of a request, whose object Unfold passes."""
    unfold_list.result_headers = _once_for_a_list(unfold_list.result_headers)


def make_fields_once() -> None:
    """What an object's field shows is worked out once for each time that the object is read."""
    unfold_fields.lookup_field = _once_for_an_object(unfold_fields.lookup_field)


def _once_for_an_object(look_up: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    @wraps(look_up)
    def known(field: Any, obj: Any, page: Any) -> Any:
        found: dict[Any, Any] = vars(obj).setdefault(_SHOWN, {})
        if (field, page) not in found:
            found[field, page] = look_up(field, obj, page)
        return found[field, page]

    return known


def _once_for_a_list(make: Callable[[Any], Iterator[dict[str, Any]]]) -> Callable[[Any], list[dict[str, Any]]]:
    @wraps(make)
    def known(changelist: Any) -> list[dict[str, Any]]:
        made = vars(changelist)
        if "headers" not in made:
            made["headers"] = list(make(changelist))
        return made["headers"]  # type: ignore[no-any-return]  # just made

    return known


def make_options_ours() -> None:
    """The menus of lists' filters write their options themselves, as those of forms do."""
    menu = Select()
    menu.attrs = DropdownForm.widget.attrs
    DropdownForm.widget = menu


class RowsKnowTheirFilters:
    """Mixed into Django's list: the rows' addresses have the list's filters already, and nobody adds them again."""

    preserved_filters: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._filters, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: Any) -> str:
        url = admin_url(result)
        return f"{url}?{self._filters}" if self._filters else url


def ticking_box(key: str) -> SafeString:
    """Unfold's box that ticks the row of this key."""
    return mark_safe(_box().replace(_PLACE, escape(key)))  # noqa: S308  # the box is Unfold's, the key is escaped


@cache
def _box() -> str:
    return str(checkbox.render(ACTION_CHECKBOX_NAME, _PLACE))
