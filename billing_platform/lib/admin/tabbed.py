"""The pages behind the tabs of an object: `TabbedMixin` of a ModelAdmin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from billing_platform.lib.admin.display import admin_url, page_of, related_lists
from billing_platform.lib.admin.newest import newest_rows
from billing_platform.lib.admin.tabs import DETAILS, HISTORY, OVERVIEW, Panel, Tab
from billing_platform.lib.admin.way_back import way_back

if TYPE_CHECKING:
    from billing_platform.lib.admin.base import ModelAdmin


class TabbedMixin:
    """Gives a ModelAdmin its tabs. Written before ModelAdmin."""

    model: Any
    opts: Any
    admin_site: Any
    tabs: tuple[Tab, ...] = ()
    """Those of the page's own app; `overview` and `details` are among them."""
    frequent: tuple[str, ...] = ()
    """The page's own actions that are buttons; the other ones stand in a menu."""
    heads_its_form = False

    def all_tabs(self) -> list[Tab]:
        added = [tab for extension in self._page.extensions for tab in extension.tabs]
        return sorted([*self.tabs, *added], key=lambda tab: tab.place)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.tab_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_tab"
        return [path("<path:object_id>/tabs/<slug:tab_name>/", view, name=name), *super().get_urls()]  # type: ignore[misc]  # a mixin: the page has it

    def strip(self, request: HttpRequest, obj: Any, chosen: str) -> list[dict[str, Any]]:
        """The tabs that the user may see."""
        user: Any = request.user
        return [
            {"label": tab.label, "url": self._address(tab, obj), "is_chosen": tab.name == chosen}
            for tab in self.all_tabs()
            if user.has_perm(tab.permission, obj)
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """The overview; the form, where it was sent or opened to mend something."""
        if request.method in ("GET", "HEAD") and not way_back(request) and "_popup" not in request.GET:
            return self.tab_view(request, object_id, OVERVIEW)
        return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[misc]  # a mixin: the page has it

    def tab_view(self, request: HttpRequest, object_id: str, tab_name: str) -> HttpResponse:
        """Who may not see the object, or the tab, is answered as on the object's page."""
        page = self._page
        if tab_name == DETAILS:
            return cast(HttpResponse, super().change_view(request, object_id))  # type: ignore[misc]  # a mixin
        tab = next((each for each in self.all_tabs() if each.name == tab_name and not each.page), None)
        if tab is None:
            raise Http404
        if request.method not in ("GET", "HEAD"):
            raise Http404
        obj = page.get_object(request, unquote(object_id))
        if obj is None:
            return page._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        user: Any = request.user
        if not (page.has_view_permission(request, obj) and user.has_perm(tab.permission, obj)):
            raise PermissionDenied
        return TemplateResponse(request, "admin/tab.html", self._context(request, obj, tab))

    def _context(self, request: HttpRequest, obj: Any, tab: Tab) -> dict[str, Any]:
        page = self._page
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": tab.label,
            "subtitle": page.name_of(obj),
            "original": obj,
            "object": obj,
            "is_overview": tab.name == OVERVIEW,
            "page_tabs": self.strip(request, obj, tab.name),
            "panels": [*self._lists(request, obj, tab), *self._panels(request, obj, tab)],
        }
        if tab.name != OVERVIEW:
            return context | {"tab_actions": self._buttons(request, obj, tab)}
        every = page.buttons(request, obj)
        frequent = {*self.frequent, *(name for extension in page.extensions for name in extension.frequent)}
        return context | {
            "tiles": page.all_tiles(request, obj),
            "object_actions": every,
            "frequent": [each for each in every if each["name"] in frequent],
            "menu": [each for each in every if each["name"] not in frequent],
            "related_lists": related_lists(self, request, obj),
        }

    def _lists(self, request: HttpRequest, obj: Any, tab: Tab) -> Iterator[Panel]:
        for model, parameter in tab.lists:
            rows = newest_rows(self.admin_site, request, model, {parameter: obj.pk}, owner=obj)
            if rows is not None:
                yield Panel(rows.title, rows.table, rows.href, rows.all_of_them, is_wide=True)

    def _panels(self, request: HttpRequest, obj: Any, tab: Tab) -> Iterable[Panel]:
        return [panel for owner in self._page.extensions for panel in owner.panels(request, obj, tab.name)]

    def _buttons(self, request: HttpRequest, obj: Any, tab: Tab) -> list[dict[str, Any]]:
        return [each for each in self._page.buttons(request, obj) if each["name"] in tab.actions]

    def _address(self, tab: Tab, obj: Any) -> str:
        if tab.name == OVERVIEW:
            return admin_url(obj)
        if tab.page == HISTORY:
            return page_of(obj, "history")
        return page_of(obj, "action", tab.page) if tab.page else page_of(obj, "tab", tab.name)

    def action_view(self, request: HttpRequest, action_name: str, object_id: str | None = None) -> HttpResponse:
        """A page of the object that is a tab shows the strip above it, and the tab's buttons."""
        response: HttpResponse = super().action_view(request, action_name, object_id)  # type: ignore[misc]  # a mixin
        tab = next((each for each in self.all_tabs() if each.page == action_name), None)
        return self._in_strip(request, response, tab)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().history_view(request, object_id, extra_context)  # type: ignore[misc]  # a mixin
        tab = next((each for each in self.all_tabs() if each.page == HISTORY), None)
        return self._in_strip(request, response, tab)

    def _in_strip(self, request: HttpRequest, response: HttpResponse, tab: Tab | None) -> HttpResponse:
        obj = isinstance(response, TemplateResponse) and (response.context_data or {}).get("object")
        if tab is not None and obj:
            added = {"page_tabs": self.strip(request, obj, tab.name), "tab_actions": self._buttons(request, obj, tab)}
            response.context_data |= added  # type: ignore[attr-defined]  # a TemplateResponse
        return response

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("obj") is not None and not context.get("is_popup"):
            context["page_tabs"] = self.strip(request, kwargs["obj"], DETAILS)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]  # a mixin

    @property
    def _page(self) -> ModelAdmin:
        return cast("ModelAdmin", self)
