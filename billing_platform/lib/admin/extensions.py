"""How an app adds to the admin page of a model to its left, which does not know that app.

    @extends(Organisation)
    class BillingOfAnOrganisation(Extension):
        related_lists = ((Invoice, "organisation__id__exact"),)

        @object_action(label="Draft invoice", permission="invoicing.create_invoice")
        def create_draft(self, request, organisation): ...

The page of the model shows these parts beside its own. Several apps may extend one page: from left to right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Model
from django.http import HttpRequest

from billing_platform.lib.admin.tabs import Panel, Tab
from billing_platform.lib.admin.tiles import Tile

if TYPE_CHECKING:
    from billing_platform.lib.admin.base import ModelAdmin

_URGENT = ("danger", "warning")

RelatedLists = tuple[tuple[type[Model], str], ...]
"""Lists that an object's page leads to, each with the parameter that narrows the list to the object."""


class Extension:
    """One app's additions to a page. `self.page` is the ModelAdmin. Methods marked as actions become its actions."""

    list_filter: tuple[Any, ...] = ()
    """Filters that come before the page's own."""
    inlines: tuple[Any, ...] = ()
    related_lists: RelatedLists = ()
    list_on_a_phone: tuple[str, ...] = ()
    """Takes the place of the page's own."""
    tabs: tuple[Tab, ...] = ()
    """Tabs of a page that has them."""
    frequent: tuple[str, ...] = ()
    """The actions that are buttons on such a page; the other ones stand in a menu."""

    def __init__(self, page: ModelAdmin) -> None:
        self.page = page

    def columns(self, request: HttpRequest, shown: list[Any]) -> list[Any]:
        """The columns of the list, given those shown so far."""
        return shown

    def tiles(self, request: HttpRequest, obj: Any) -> Iterable[Tile]:
        """Numbers at the head of an object's page: how it stands. The extension asks for the permissions itself."""
        return ()

    def panels(self, request: HttpRequest, obj: Any, tab: str) -> Iterable[Panel]:
        """Parts of a tab of the page. The extension asks for the permissions itself."""
        return ()

    def opened(self, request: HttpRequest, obj: Any) -> Iterable[Panel]:
        """Parts of an opened row of the list, where its rows open. The extension asks for the permissions itself."""
        return ()

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        """The sections of an object's page, given those shown so far. A method of the extension may stand for a
        field: it is shown, and never edited."""
        return shown


_extensions: defaultdict[type[Model], list[type[Extension]]] = defaultdict(list)

E = TypeVar("E", bound=type[Extension])


def extends(model: type[Model]) -> Callable[[E], E]:
    """Adds the decorated extension to the page of a model."""

    def register(extension: E) -> E:
        if extension not in _extensions[model]:
            _extensions[model].append(extension)
        return extension

    return register


class ExtendedMixin:
    """Gives a ModelAdmin the parts that other apps add."""

    model: Any
    inlines: ClassVar[Any]
    related_lists: RelatedLists = ()
    list_on_a_phone: tuple[str, ...] = ()  # the columns of a card; else the first five

    @cached_property
    def extensions(self) -> list[Extension]:
        """Made when the page is first shown: by then every app's admin module is loaded."""
        return [extension(cast("ModelAdmin", self)) for extension in _extensions[self.model]]

    def all_related_lists(self) -> RelatedLists:
        return (*self.related_lists, *(each for extension in self.extensions for each in extension.related_lists))

    def all_tiles(self, request: HttpRequest, obj: Any) -> list[Tile]:
        """What is amiss first."""
        found = [tile for extension in self.extensions for tile in extension.tiles(request, obj)]
        return sorted(found, key=lambda tile: _URGENT.index(tile.tone) if tile.tone in _URGENT else len(_URGENT))

    def columns_on_a_phone(self) -> tuple[str, ...]:
        return next((found for each in self.extensions if (found := each.list_on_a_phone)), self.list_on_a_phone)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Made once for each request: Django asks four times, and a column may ask PostgreSQL about all rows."""
        made: dict[Any, list[Any]] = vars(request).setdefault("columns_of_lists", {})
        if self not in made:
            shown = list(super().get_list_display(request))  # type: ignore[misc]  # a mixin: the page has it
            for extension in self.extensions:
                shown = extension.columns(request, shown)
            made[self] = shown
        return list(made[self])

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        added = [each for extension in self.extensions for each in extension.list_filter]
        return [*added, *super().get_list_filter(request)]  # type: ignore[misc]  # a mixin: the page has it

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        added = [each for extension in self.extensions for each in extension.inlines]
        return [*super().get_inlines(request, obj), *added]  # type: ignore[misc]  # a mixin: the page has it

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        """The page's own, and the methods that extensions show: else a page with a form takes them for its fields."""
        own = list(super().get_readonly_fields(request, obj))  # type: ignore[misc]  # a mixin: the page has it
        added = [section for extension in self.extensions for section in extension.fieldsets(request, obj, [])]
        return (*own, *(field for field in flatten_fieldsets(added) if callable(field)))

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        """The page's own sections: a page overrides this one, and leaves `get_fieldsets` alone."""
        return super().get_fieldsets(request, obj)  # type: ignore[misc]  # a mixin: the page has it

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = list(self.sections(request, obj))
        for extension in self.extensions:
            shown = extension.fieldsets(request, obj, shown)
        return shown
