"""How values look on admin pages: money in its currency, states as coloured labels, links to other objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial, reduce
from html import unescape
from typing import Any
from uuid import UUID

from django.contrib.admin.utils import quote
from django.db.models import BooleanField, DateTimeField, DecimalField, IntegerField
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from billing_platform.lib.admin.contributions import list_address, list_title, view_permission
from billing_platform.lib.dates_in_words import last_day_text, month_text, time_text
from billing_platform.lib.number_formats import format_money, format_number

# The classes that Unfold's own labels have: others are not in its compiled style sheet.
_LABEL = "inline-block font-semibold rounded-default text-[11px] uppercase whitespace-nowrap h-6 leading-6 px-2 "
_TONES = {
    "success": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "info": "bg-blue-100 text-blue-700 dark:bg-blue-500/20 dark:text-blue-400",
    "warning": "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400",
    "danger": "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400",
    "": "bg-base-500/8 text-base-700 dark:bg-base-500/20 dark:text-base-200",
}
EMPTY = "–"
LAST_DAY = "Last day"
_SOME = "key-of-the-object"
_STAND_APART = re.compile(r"(<br>|</\w+>(?=<\w))")

Display = Callable[[Any, Any], Any]


def text_of(shown: Any) -> str:
    """What a page shows, without its mark-up; what it shows in two lines, or as two links, stays apart."""
    return " ".join(unescape(strip_tags(_STAND_APART.sub(r"\1 ", str(shown)))).split())


def badge(text: str, tone: str = "") -> SafeString:
    """A coloured label: success, info, warning, danger or plain."""
    return format_html('<span class="{}">{}</span>', _LABEL + _TONES[tone], text)


def status(field: str, tones: Mapping[Any, str], description: str = "") -> Display:
    """A column for a field with choices, coloured by value."""

    def show(_admin: Any, obj: Any) -> SafeString:
        value = getattr(obj, field)
        return badge(getattr(obj, f"get_{field}_display")(), tones.get(value, ""))

    return _describe(show, description or capfirst(field.replace("_", " ")), field)


def money(field: str, description: str = "", *, currency: str = "currency", ordering: str = "") -> Display:
    """A column for an amount, in the currency that stands on the same document."""

    def show(_admin: Any, obj: Any) -> str:
        amount = getattr(obj, field)
        return (
            format_html(
                '<span class="whitespace-nowrap tabular-nums">{}</span>', format_money(amount, _along(obj, currency))
            )
            if amount is not None
            else EMPTY
        )

    show.plain = lambda obj: getattr(obj, field)  # type: ignore[attr-defined]  # read by the export
    show.currency_of = partial(_along, path=currency)  # type: ignore[attr-defined]
    return _as_number(_describe(show, description or capfirst(field.replace("_", " ")), ordering or field))


def _along(obj: Any, path: str) -> Any:
    """The value at the end of a look-up path such as `invoice__currency`."""
    return reduce(getattr, path.split("__"), obj)


def number(field: str, description: str = "") -> Display:
    """A column for a quantity or a count: grouped digits, no trailing zeros, to the right."""

    def show(_admin: Any, obj: Any) -> str:
        return figure(getattr(obj, field))

    show.plain = lambda obj: getattr(obj, field)  # type: ignore[attr-defined]  # read by the export
    return _as_number(_describe(show, description or capfirst(field.replace("_", " ")), field))


def numeric(show: Display) -> Display:
    """For a method that shows a number: its column stands to the right. Written above `@admin.display`."""
    return _as_number(show)


def figure(value: Decimal | int | None) -> str:
    return EMPTY if value is None else format_number(value)


def brief(text: str) -> SafeString | str:
    """A sentence in a list: two lines of it, and all of it when one points at it. Its own page shows it whole."""
    return format_html('<span class="brief" title="{}">{}</span>', text, text) if text else EMPTY


def yes_or_no(value: bool | None) -> str:
    """In words: a red cross would call an ordinary "no" a fault."""
    return EMPTY if value is None else "Yes" if value else "No"


def when(instant: datetime | None) -> SafeString | str:
    """A time on the clock of the page, which is the operators'; the same in UTC shows when one points at it."""
    if instant is None:
        return EMPTY
    utc = instant.astimezone(UTC)
    return format_html(
        '<time class="whitespace-nowrap tabular-nums" datetime="{}" title="{}">{}</time>',
        f"{utc:%Y-%m-%dT%H:%M:%SZ}",
        f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        time_text(instant, timezone.get_current_timezone()),
    )


def short_time(field: str, description: str = "") -> Display:
    """A column for a time."""

    def show(_admin: Any, obj: Any) -> SafeString | str:
        return when(getattr(obj, field))

    show.plain = lambda obj: getattr(obj, field)  # type: ignore[attr-defined]  # read by the export
    return _describe(show, description or capfirst(field.replace("_", " ")), field)


def worded(model: Any, name: Any) -> Any:
    """What a page shows for a name in its fields or columns, where it is a plain field that holds a time, a number or
    a yes or no: the same words on every page."""
    return _worded(model, name) if isinstance(name, str) else name


@cache
def _worded(model: Any, name: str) -> Any:
    """The same column each time: Django compares them to tell fields that can only be read."""
    field = next((field for field in model._meta.concrete_fields if field.name == name), None)
    in_words = _words_for(model, field)
    if field is None or in_words is None:
        return name

    def show(obj: Any) -> SafeString | str:
        return in_words(getattr(obj, field.name))

    show.__name__ = field.name
    if in_words not in (last_day, whole_month):
        show.plain = lambda obj: getattr(obj, field.name)  # type: ignore[attr-defined]  # read by the export
    label = LAST_DAY if in_words is last_day else capfirst(str(field.verbose_name))
    described = _describe(show, label, field.name)
    return _as_number(described) if in_words is figure else described


def last_day(after: date | None) -> str:
    return EMPTY if after is None else last_day_text(after)


def whole_month(month: date | None) -> str:
    return EMPTY if month is None else month_text(month)


def _words_for(model: Any, field: Any) -> Callable[[Any], SafeString | str] | None:
    if isinstance(field, DateTimeField):
        return when
    if isinstance(field, BooleanField):
        return yes_or_no
    if field is not None and field.name in getattr(model, "half_open_ends", ()):
        return last_day
    if field is not None and field.name in getattr(model, "whole_months", ()):
        return whole_month
    if isinstance(field, DecimalField | IntegerField) and not field.choices and not field.primary_key:
        return figure
    return None


def link(path: str, description: str = "") -> Display:
    """A column that leads to a related object's page, along a look-up path such as `invoice__organisation`."""

    def show(admin: Any, obj: Any) -> str:
        target = obj
        for step in path.split("__"):
            target = getattr(target, step, None)
        return EMPTY if target is None else anchor(admin, target)

    last = path.rpartition("__")[2]
    return _describe(show, description or capfirst(last.replace("_", " ")), path)


def anchor(admin: Any, target: Any, text: str = "") -> SafeString | str:
    """A link to an object's page, or its plain name when it has none."""
    try:
        url = admin_url(target)
    except NoReverseMatch:
        return text or str(target)
    return format_html('<a class="text-link" href="{}">{}</a>', url, text or str(target))


def admin_url(target: Any) -> str:
    """The address of an object's page. Raises NoReverseMatch for an object that has none."""
    return page_of(target, "change")


def action_url(target: Any, action: str) -> str:
    """The address of the page that asks about an action on a row, or shows one of its pages."""
    return page_of(target, "action", action)


def page_of(target: Any, page: str, *more: str) -> str:
    """The address of one of an object's pages. Raises NoReverseMatch for an object that has no such page."""
    meta, key = target._meta, target.pk
    name = f"admin:{meta.app_label}_{meta.model_name}_{page}"
    if isinstance(key, UUID | int):
        return _page_of_some(name, *more).replace(_SOME, str(key))
    return reverse(name, args=[quote(key), *more])


@cache
def _page_of_some(name: str, *more: str) -> str:
    """Asked once: a list of fifty rows has two or three addresses in each, and finding one took longer than a cell."""
    return reverse(name, args=[_SOME, *more])


def as_sent(text: str) -> SafeString:
    """Text as a program sent it, in a box that the keyboard can scroll."""
    return format_html('<pre class="payload" tabindex="0">{}</pre>', text)


def facts(rows: Iterable[tuple[str, Any]], *, numbers: bool = False) -> SafeString:
    """A small two-column table of names and values; numbers stand under each other, close to their names."""
    return format_html(
        '<table class="facts{}">{}</table>',
        " totals" if numbers else "",
        format_html_join(
            "",
            '<tr><th>{}</th><td class="{}">{}</td></tr>',
            ((name, "number" if numbers else "", EMPTY if value in (None, "") else value) for name, value in rows),
        ),
    )


def related_lists(admin: Any, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
    """Links from an object's page to lists of related rows, with the lists' names, if the user may see them.

    A page names them by `related_lists = ((Invoice, "organisation__id__exact"), …)`.
    """
    user: Any = request.user
    return [
        {"label": list_title(model), "url": list_address(model, **{parameter: str(obj.pk)})}
        for model, parameter in admin.all_related_lists()
        if user.has_perm(view_permission(model), obj)
    ]


def _as_number(show: Any) -> Display:
    show.is_number = True
    return show  # type: ignore[no-any-return]  # typed by its caller


def _describe(show: Any, description: str, ordering: str) -> Display:
    show.short_description = description
    show.admin_order_field = ordering
    return show  # type: ignore[no-any-return]  # typed by its caller
