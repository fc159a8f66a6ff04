"""The audit log: who changed what, when and from where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import auditlog.admin  # noqa: F401  (registers its own page, which ours replaces)
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import (
    DropdownFilter,
    InfinitePaginator,
    QuickFilter,
    ReadOnlyAdmin,
    short_time,
    status,
)
from billing_platform.lib.admin.contributions import our_apps
from billing_platform.lib.admin.display import EMPTY, anchor
from billing_platform.lib.admin.filters import RelatedFilterForm
from billing_platform.lib.admin.history import changed_fields, changes_of, source_in_words, who_did
from billing_platform.lib.ids import read_uuid
from organisations.models import AuditEntry, Project

TONES = {0: "success", 1: "info", 2: "danger"}
SHOWN_IN_LIST = 3

admin.site.unregister(LogEntry)


class WhoFilter(QuickFilter):
    """Shows entries of people by default, because jobs write many more; shows all entries of one chosen object."""

    title = "who did it"
    parameter_name = "by"
    all_option = ("", "People")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        if "object_pk" in request.GET:
            self.used_parameters.setdefault(self.parameter_name, "all")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("machines", "Programs and jobs"), ("all", "Everybody")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        by_a_person = Q(actor__isnull=False) & ~Q(additional_data__has_key="api_key")
        if self.value() == "all":
            return queryset
        return queryset.exclude(by_a_person) if self.value() == "machines" else queryset.filter(by_a_person)


class CustomerFilter(DropdownFilter):
    """Found as somebody types, like a customer on other lists. An entry names its customer, but has no column for it,
    so the menu goes by the column of projects."""

    title = "customer"
    parameter_name = "customer"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        self.request, self.page = request, model_admin
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[()]:
        return ()

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        yield {
            "form": RelatedFilterForm(
                self.request,
                self.parameter_name,
                label=f" By {self.title} ",
                choices=(),
                field=Project._meta.get_field("organisation"),
                model_admin=self.page,
                data={self.parameter_name: read_uuid(self.value())},
            )
        }

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(additional_data__organisation=self.value()) if self.value() else queryset


class KindFilter(DropdownFilter):
    """Filters by kind of object. Offers all kinds, because reading the kinds from the long log is slow."""

    title = "kind of object"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = [model for config in our_apps() for model in config.get_models()]
        kinds = ContentType.objects.get_for_models(*models).items()
        return sorted(
            ((str(kind.pk), str(model._meta.verbose_name)) for model, kind in kinds), key=lambda kind: kind[1]
        )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        return queryset.filter(content_type_id=int(value)) if value.isdigit() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    empty_hint = "Every change stands here from the moment it is made."
    list_on_a_phone = ("at", "who", "verb", "object_repr", "changed")
    list_display = ("at", "who", "verb", "kind", "object_repr", "changed", "source")
    list_display_links = ("at",)
    list_filter = (WhoFilter, CustomerFilter, "action", KindFilter, "timestamp", "actor")
    filtered_from_elsewhere = ("object_pk",)
    search_fields = ("object_repr", "object_pk__exact", "actor_email", "cid__exact")
    list_select_related = ("actor", "content_type")
    paginator = InfinitePaginator
    counts_rows = False
    fieldsets = (
        (None, {"fields": ("timestamp", "who", "verb", "kind", "subject")}),
        ("Before and after", {"fields": ("before_and_after",)}),
        ("Origin", {"fields": ("source", "remote_addr", "actor_email", "request_id", "api_key")}),
    )

    at = short_time("timestamp", "Time")
    verb = status("action", TONES, "Action")

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filter by person offers the rows of the users' page, so it is shown to users who may open that page."""
        filters = super().get_list_filter(request)
        if request.user.has_perm("auth.view_user"):
            return filters
        return [item for item in filters if not (isinstance(item, tuple) and item[0] == "actor")]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The entry, with the user who reads it: its object is a link for those who may open that."""
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            entry.viewer = request.user
        return entry

    @admin.display(description="Who", ordering="actor_email")
    def who(self, entry: AuditEntry) -> str:
        return who_did(entry)

    @admin.display(description="Kind", ordering="content_type")
    def kind(self, entry: AuditEntry) -> str:
        return str(entry.content_type.name)

    @admin.display(description="Object")
    def subject(self, entry: AuditEntry) -> Any:
        obj = entry.content_type.model_class()._base_manager.filter(pk=entry.object_pk).first()
        if obj is None or not entry.viewer.has_perm(f"{obj._meta.app_label}.view_{obj._meta.model_name}", obj):
            return entry.object_repr
        return anchor(self, obj, entry.object_repr)

    @admin.display(description="Changed")
    def changed(self, entry: AuditEntry) -> str:
        names = changed_fields(entry)
        more = f" and {len(names) - SHOWN_IN_LIST} more" if len(names) > SHOWN_IN_LIST else ""
        return (", ".join(names[:SHOWN_IN_LIST]) + more) or EMPTY

    @admin.display(description="Changes")
    def before_and_after(self, entry: AuditEntry) -> Any:
        rows = ((change.field, change.before or EMPTY, change.after or EMPTY) for change in changes_of(entry, {}))
        head = "<thead><tr><th>Field</th><th>Before</th><th>After</th></tr></thead>"
        body = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", rows)
        return format_html('<div class="facts-scroll"><table class="facts">{}{}</table></div>', format_html(head), body)

    @admin.display(description="Through")
    def source(self, entry: AuditEntry) -> str:
        return source_in_words((entry.additional_data or {}).get("source", "")) or EMPTY

    @admin.display(description="Request id")
    def request_id(self, entry: AuditEntry) -> str:
        return entry.cid or EMPTY

    @admin.display(description="API key")
    def api_key(self, entry: AuditEntry) -> str:
        return str((entry.additional_data or {}).get("api_key_name", EMPTY))
