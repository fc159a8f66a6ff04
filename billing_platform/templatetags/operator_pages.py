"""The name of an admin page, and links to the lists and objects above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.template import Context
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from billing_platform.lib.admin import columns
from billing_platform.lib.admin.undoing import Button, button_of

register = template.Library()


@dataclass(frozen=True)
class Step:
    title: str
    url: str


@dataclass(frozen=True)
class Trail:
    """The page's name, which is its heading, and the pages above it, outermost first."""

    name: str
    above: tuple[Step, ...] = ()


@register.simple_tag(takes_context=True)
def trail(context: Context) -> Trail:
    """The trail of a page. A list has the name of the sidebar, an object its own name, an action that of its button."""
    opts, title = context.get("opts"), str(context.get("title") or "")
    if opts is None:
        return Trail(title)
    rows = Step(str(capfirst(str(opts.verbose_name_plural))), _address(opts, "changelist"))
    if context.get("cl") is not None:
        return Trail(rows.title)
    obj = _object_of(context)
    if obj is None:
        return Trail(title, (rows,))
    if context.get("adminform") is not None:
        return Trail(str(context.get("subtitle") or obj), (rows,))
    return Trail(title, (rows, Step(str(obj), _address(opts, "change", quote(obj.pk)))))


@register.simple_tag
def undo_button(message: Any) -> Button | None:
    """The button of a message about an act that can be reversed."""
    return button_of(message)


@register.simple_tag
def list_style(changelist: Any) -> SafeString:
    """CSS for the columns of a list."""
    return columns.list_style(changelist.model_admin, changelist.list_display)


@register.simple_tag
def rows_style(formset: Any) -> SafeString:
    """CSS for the columns of the inline rows of a page."""
    shown = [name for _title, options in formset.fieldsets for name in options["fields"]]
    return columns.rows_style(formset.formset.prefix, formset.opts, shown)


@register.simple_tag
def quick_filters(changelist: Any) -> list[dict[str, Any]]:
    """The filters whose choices are shown above the list."""
    specs = [spec for spec in changelist.filter_specs if hasattr(spec, "links")]
    return [{"title": spec.title, "links": spec.links(changelist)} for spec in specs]


def _object_of(context: Context) -> Any:
    found = context.get("original") or context.get("object")
    return None if isinstance(found, str) else found


def _address(opts: Any, page: str, *args: str) -> str:
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)
