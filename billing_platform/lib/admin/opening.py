"""Rows of a list that open: what stands in one is asked for when somebody opens it, so the list stays as fast as it is.

    class InvoiceAdmin(OpeningMixin, ReadOnlyAdmin):
        def opened(self, request, invoice): yield Panel("Lines", …)

Extensions add panels of their own by a method of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import TemplateSection
from billing_platform.lib.admin.display import page_of
from billing_platform.lib.admin.extensions import ExtendedMixin
from billing_platform.lib.admin.tabs import Panel


class OpenedRow(TemplateSection):
    """The empty place under a row. Alpine says when it opens, htmx fills it, again if it could not be filled."""

    def render(self) -> SafeString:
        return format_html(
            '<div class="opened-row" x-effect="rowOpen && !$el.childElementCount && $dispatch(\'opened\')" hx-get="{}"'
            ' hx-trigger="opened" hx-select=".opened-parts">Loading …</div>',
            page_of(self.instance, "opened"),
        )


class OpeningMixin(ExtendedMixin):
    """Gives the rows of a ModelAdmin's list an arrow that opens them."""

    list_sections: Sequence[type[TemplateSection]] = (OpenedRow,)

    class Media:
        js = (Script("billing_platform/opened_rows.js", defer=True),)

    admin_site: Any
    opts: Any

    def opened(self, request: HttpRequest, obj: Any) -> Iterable[Panel]:
        return ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.opened_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_opened"
        return [path("<path:object_id>/opened/", view, name=name), *super().get_urls()]  # type: ignore[misc]  # a mixin

    def opened_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]  # a mixin: the page has it
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):  # type: ignore[attr-defined]
            raise PermissionDenied
        parts = [*self.opened(request, obj), *(part for each in self.extensions for part in each.opened(request, obj))]
        return render(request, "admin/opened_row.html", {"parts": parts})


def small_table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers_from: int) -> SafeString:
    """A table inside an opened row; from the column of this number on, numbers stand under each other."""

    def cells(tag: str, row: Sequence[Any]) -> SafeString:
        marked = ((tag, "number" if place >= numbers_from else "", cell, tag) for place, cell in enumerate(row))
        return format_html_join("", '<{} class="{}">{}</{}>', marked)

    return format_html(
        '<div class="facts-scroll"><table class="facts"><thead><tr>{}</tr></thead>{}</table></div>',
        cells("th", heads),
        format_html_join("", "<tr>{}</tr>", ((cells("td", row),) for row in rows)),
    )
