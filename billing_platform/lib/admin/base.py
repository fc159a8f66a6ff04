"""The base of every admin page: scoped to the user's organisations, decided by one has_perm, with Unfold's theme.

This file, its filters, inputs and rows of lists, the site and the theme are the only ones that know Unfold (a test
checks it).
`scoped` is the one way rows reach a page: lists, forms' choices, filters, autocomplete and inlines all pass through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_permission_codename
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from unfold import admin as unfold
from unfold import widgets
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.paginator import InfinitePaginator
from unfold.sections import TemplateSection

from billing_platform.lib.admin.action_pages import ActionsMixin
from billing_platform.lib.admin.actions import (
    ActionForm,
    list_action,
    list_page,
    object_action,
    object_page,
    rows_action,
)
from billing_platform.lib.admin.columns import names_of
from billing_platform.lib.admin.counting import BoundedPaginator
from billing_platform.lib.admin.display import (
    LAST_DAY,
    badge,
    facts,
    link,
    money,
    number,
    numeric,
    related_lists,
    short_time,
    status,
    when,
    worded,
)
from billing_platform.lib.admin.extensions import Extension, extends
from billing_platform.lib.admin.filters import DropdownFilter, QuickFilter, WaitingFirst, attention_filter, suiting
from billing_platform.lib.admin.history import HistoryEntry, history_of
from billing_platform.lib.admin.inputs import WIDGETS, LongSelect, Select, ShortDecimalField, Textarea
from billing_platform.lib.admin.last_days import LastDayField
from billing_platform.lib.admin.listing import ListingMixin
from billing_platform.lib.admin.once import make_fields_once, make_headers_once, make_options_ours, ticking_box
from billing_platform.lib.admin.saving import SavingMixin
from billing_platform.lib.admin.searching import SearchingMixin
from billing_platform.lib.admin.undoing import Undoable
from billing_platform.lib.admin.way_back import WayBackMixin
from billing_platform.lib.validators import choices_of

__all__ = [
    "ActionForm",
    "AdminPasswordChangeForm",
    "DropdownFilter",
    "Extension",
    "InfinitePaginator",
    "ModelAdmin",
    "QuickFilter",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "TabularInline",
    "TemplateSection",
    "Undoable",
    "UserChangeForm",
    "UserCreationForm",
    "WaitingFirst",
    "attention_filter",
    "badge",
    "extends",
    "facts",
    "link",
    "list_action",
    "list_page",
    "money",
    "number",
    "numeric",
    "object_action",
    "object_page",
    "rows_action",
    "scoped",
    "short_time",
    "status",
    "when",
]

make_headers_once()
make_fields_once()
make_options_ours()

FEW_CHOICES = 10  # more of them are searched, not scrolled through


def scoped(queryset: Any, request: HttpRequest) -> Any:
    """The rows that the user's organisations own, or share; all of them for a model that belongs to no tenant."""
    narrow = getattr(queryset, "for_organisations", None)
    return narrow(request.user) if narrow else queryset


class ScopedMixin:
    """Narrows the rows, choices and permissions of a page or an inline to the user's memberships."""

    opts: Any
    admin_site: Any

    def get_queryset(self, request: HttpRequest) -> Any:
        return scoped(super().get_queryset(request), request)  # type: ignore[misc]  # a mixin: the page has it

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self.choices_of(db_field.remote_field.model, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]  # a mixin

    def choices_of(self, model: type[models.Model], request: HttpRequest) -> Any:
        """What may be chosen: what the other model's own page would list."""
        other = self.admin_site._registry.get(model)
        return other.get_queryset(request) if other else scoped(model._default_manager.all(), request)

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        permission = f"{self.opts.app_label}.{get_permission_codename(verb, self.opts)}"
        return bool(request.user.has_perm(permission, obj))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "view", obj) or self.may(request, "change", obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "change", obj)


def _swap(swapped: dict[Any, Any], name: Any) -> Any:
    """A name of a fieldset, or several that stand in one row."""
    return [swapped.get(part, part) for part in name] if isinstance(name, list | tuple) else swapped.get(name, name)


class ListedFieldsMixin:
    """A column whose validator stands for a closed list is chosen from that list, with names: never typed."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        choices = choices_of(db_field.validators) if isinstance(db_field, models.CharField) else None
        if choices is None:
            return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]  # a mixin
        widget = LongSelect if len(choices) > FEW_CHOICES else Select
        return forms.ChoiceField(
            choices=[("", "---------"), *choices],
            required=not db_field.blank,
            initial=db_field.get_default(),
            label=capfirst(db_field.verbose_name),
            help_text=db_field.help_text,
            widget=widget,
        )


class ModelAdmin(
    ListingMixin,
    SearchingMixin,
    ActionsMixin,
    SavingMixin,
    WayBackMixin,
    ListedFieldsMixin,
    ScopedMixin,
    unfold.ModelAdmin,
):
    """Rows can be deleted only where a page sets `deletable`, and never in bulk: `actions` stays None."""

    actions = None
    deletable = False
    list_per_page = 50
    list_max_show_all = 200
    paginator = BoundedPaginator
    show_full_result_count = False
    counts_rows = True  # as far as 10,000; a list of endless pages knows no number at all
    list_filter_submit = True
    show_facets = ShowFacets.NEVER
    list_fullwidth = True
    warn_unsaved_form = True
    compressed_fields = True
    # Unfold's templates ask for these with each row or field. For what is not there, Django lists all 300 attributes.
    list_sections: Sequence[type[TemplateSection]] = ()
    list_sections_classes = ""
    conditional_fields: Mapping[str, str] = {}
    heads_its_form = True  # numbers, buttons and links above the form: a page in tabs has them on its overview
    empty_hint = ""  # what would fill the list, when it has no rows
    filtered_from_elsewhere: tuple[str, ...] = ()  # columns that other pages' links ask for, beside `list_filter`

    def has_add_permission(self, request: HttpRequest) -> bool:
        """For a model that belongs to organisations, the permission for one of them is enough: the form checks for
        which. For any other model the permission is needed for every organisation."""
        path = getattr(self.model, "tenant_path", "id")
        return self.may(request, "add", self.model() if path == "id" else None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.deletable and self.may(request, "delete", obj)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """PostgreSQL refuses text with a NUL character, so an address that holds one is answered as a wrong address."""
        if any("\x00" in value for _name, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Django lets an address filter by any column, also by one that PostgreSQL can't compare with text (an IP
        address, bytes). Here an address may filter by what a filter, a relation or another page's link offers."""
        return bool(super().lookup_allowed(lookup, value, request)) and self._is_offered(lookup, request)

    def _is_offered(self, lookup: str, request: HttpRequest) -> bool:
        name = lookup.partition("__")[0]
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:  # a filter's own parameter; Django refuses what it does not know
            return True
        if field.is_relation or field.primary_key:
            return True
        offered = self.get_list_filter(request)
        named = {item.parameter_name for item in offered if not isinstance(item, tuple)}
        columns = {item[0].partition("__")[0] for item in offered if isinstance(item, tuple)}
        return lookup in named or name in columns or name in self.filtered_from_elsewhere

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The end of a half-open span is typed as its last day; the API and the tables keep the first day after. A
        number stands as it was typed: 10, not 10.000."""
        if db_field.name in getattr(self.model, "half_open_ends", ()):
            words = {"label": LAST_DAY, "help_text": "Empty: no end."}
            kwargs = {"form_class": LastDayField, **words, **kwargs}
        elif isinstance(db_field, models.DecimalField):
            kwargs = {"form_class": ShortDecimalField, **kwargs}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=unfold.ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: models.Model) -> str:
        return ticking_box(str(obj.pk))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [worded(self.model, name) for name in super().get_list_display(request)]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [suiting(self.model, item) for item in super().get_list_filter(request)]

    def style_form(self, form: forms.Form) -> None:
        for field in form.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")
            present = field.widget
            if present.is_hidden or "unfold" in type(present).__module__ or getattr(present, "has_own_looks", False):
                continue
            if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
                select = Select(attrs=field.widget.attrs)
                select.choices = field.widget.choices
                field.widget = select
                continue
            if isinstance(field.widget, forms.PasswordInput):  # a text input would show what was typed again
                field.widget.attrs = widgets.UnfoldAdminTextInputWidget(attrs=field.widget.attrs).attrs
                continue
            if isinstance(field.widget, forms.Textarea):
                field.widget = Textarea(attrs=field.widget.attrs)
                continue
            widget = next((widget for kind, widget in WIDGETS if isinstance(field, kind)), None)
            field.widget = (widget or widgets.UnfoldAdminTextInputWidget)(attrs=field.widget.attrs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The title is the list's name in the sidebar, not Django's "Select invoice to view"."""
        named = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**named, **(extra_context or {})})

    def name_of(self, obj: Any) -> str:
        """What an object's page is called."""
        return str(obj)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("obj") is not None:
            context["title"] = capfirst(self.opts.verbose_name)
            context["subtitle"] = self.name_of(kwargs["obj"])
            if self.heads_its_form:
                context["tiles"] = self.all_tiles(request, kwargs["obj"])
                context["related_lists"] = related_lists(self, request, kwargs["obj"])
        self._show_words(context["adminform"])
        return super().render_change_form(request, context, *args, **kwargs)

    def _show_words(self, shown: Any) -> None:
        """Show times, numbers and booleans in our words, for all fields that the page only shows."""
        swapped = {name: worded(self.model, name) for name in shown.readonly_fields}
        shown.readonly_fields = list(swapped.values())
        shown.fieldsets = [
            (title, {**options, "fields": [_swap(swapped, name) for name in options["fields"]]})
            for title, options in shown.fieldsets
        ]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's history of what was done on these pages, and under it every change from anywhere."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None and not self.has_view_permission(request):
            raise PermissionDenied  # as the object's own page answers
        entries = self.history_entries(obj, names_people=self.names_people(request, obj)) if obj is not None else []
        extra = {"title": "History", "subtitle": obj, "audit_entries": entries, **(extra_context or {})}
        shown: HttpResponse = super().history_view(request, object_id, extra)
        return shown

    def history_entries(self, obj: Any, *, names_people: bool) -> list[HistoryEntry]:
        """Every change of an object, the newest first; a page may tell them in words of its own."""
        return history_of(obj, names_people=names_people)

    def names_people(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the history of an object names the people who changed it, and their addresses.

        People who change an object that all organisations share work for every organisation. Their names are shown
        only to users who may change the object too.
        """
        path = getattr(obj, "tenant_path", "")
        is_shared = not path or (obj.tenant_shared and getattr(obj, f"{path}_id", None) is None)
        return not is_shared or self.may(request, "change", obj)


class ReadOnlyAdmin(ModelAdmin):
    """Looked at, and changed by object actions only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TabularInline(ScopedMixin, unfold.TabularInline):
    """Rows of the parent's page; what one may do with them is asked for the parent's organisation."""

    extra = 0
    show_change_link = True
    hide_title = True  # the row's name above each row says again what its cells say
    row_link = ""  # the column that leads to the row's own page; else the first
    per_page = 25
    tab = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What can only be read is shown in the same words as in lists."""
        read_only = super().get_readonly_fields(request, obj)
        return [worded(self.model, name) if name in read_only else name for name in super().get_fields(request, obj)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [worded(self.model, name) for name in super().get_readonly_fields(request, obj)]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "add", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "delete", obj)


class _RowsKnowWhoseTheyAre(unfold.TabularInline.formset):
    """A row that asks for the object of its page gets that one, and does not read it again."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)
        setattr(form.instance, self.fk.name, self.instance)
        form.nested_formsets = ()  # Unfold's templates ask for them of each row
        return form


class ReadOnlyInline(TabularInline):
    formset = _RowsKnowWhoseTheyAre
    can_delete = False

    def link_column(self) -> str:
        """The name of the column that leads to the row's own page, if there is such a page and the row is its way."""
        if not (self.show_change_link and self.has_registered_model):
            return ""
        return self.row_link or names_of(self.fields or ())[0]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
