"""Usage that is imported from files: the form that takes one, how each stands, and what was wrong with its rows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, StreamingHttpResponse
from django.template.defaultfilters import filesizeformat
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html

from billing_platform.lib.admin.base import (
    Extension,
    InfinitePaginator,
    ModelAdmin,
    QuickFilter,
    badge,
    extends,
    facts,
    link,
    numeric,
    object_page,
    short_time,
    status,
    when,
)
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import format_number
from events.models import UsageImport
from events.selectors.imports import problem_rows, progress
from events.services import importing
from events.wire.import_files import COLUMNS, METADATA_PREFIX
from organisations.models import Project

Status = UsageImport.Status
TONES = {Status.WAITING: "info", Status.AT_WORK: "info", Status.DONE: "success", Status.FAILED: "danger"}
LARGEST_FILE = 10 * 1000 * 1000
EXAMPLE = "events/usage-example.csv"


class StateFilter(QuickFilter):
    title = "state"
    parameter_name = "status__exact"
    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(Status.FAILED, "Stopped"), (Status.WAITING, "Waiting"), (Status.DONE, "Imported")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(status=self.value()) if self.value() in TONES else queryset


class ImportForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to mypy only
    file = forms.FileField(
        widget=forms.FileInput(attrs={"accept": ".csv,.ndjson,.jsonl,.gz"}),
        help_text="CSV with a header, or one JSON object a line (NDJSON); either may be gzip (.gz). At most 10 MB as "
        "it is sent: a larger one is imported by the command import_usage, or in parts.",
    )
    again = forms.BooleanField(
        label="Again",
        required=False,
        help_text="Import a file that was imported before. What was counted then is a duplicate now, and counts once.",
    )

    class Meta:
        model = UsageImport
        fields = ("project",)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError("The file is larger than 10 MB: pack it with gzip, or import it in parts.")
        return file


@admin.register(UsageImport)
class UsageImportAdmin(ModelAdmin):
    empty_hint = "A file of usage that is imported stands here with what became of each of its rows."
    form = ImportForm
    list_on_a_phone = ("file_name", "begun", "state", "outcome")
    list_display = ("file_name", "begun", "project_link", "state", "size_in_rows", "outcome", "imported_by")
    list_filter = (StateFilter, "organisation", "project", "created_at")
    search_fields = ("file_name", "sha256__exact")
    search_help_text = "A part of the file's name, or its whole SHA-256."
    list_select_related = ("project__organisation",)
    paginator = InfinitePaginator
    show_full_result_count = False
    autocomplete_fields = ("project",)
    related_lists = ()
    new_fieldsets = (
        (None, {"fields": ("project", "file", "again")}),
        ("How a file looks", {"fields": ("how_it_looks",)}),
    )
    fieldsets = (
        (None, {"fields": ("result",)}),
        ("File", {"fields": ("file_name", "file_format", "size_text", "sha256", "run")}),
        ("Import", {"fields": ("project_link", "imported_by", "created_at", "finished_at")}),
        WORK,
    )

    begun = short_time("created_at", "Begun")
    state = status("status", TONES, "State")
    project_link = link("project")
    work = work_column()
    try_now = try_now_action(
        permission="events.add_usageimport", service=lambda pk: importing.try_now(import_id=pk), name="try_now"
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "view", obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.new_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = [name for _title, options in self.fieldsets for name in options["fields"]]
        return (*shown, "how_it_looks") if obj else ("how_it_looks",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The new row belongs to the project's customer, which decides whether the user may import."""
        form = super().get_form(request, obj, change=change, **kwargs)

        class OfItsCustomer(form):  # type: ignore[misc, valid-type]  # made at run time
            def _post_clean(self) -> None:
                project = self.cleaned_data.get("project")
                if project is not None:
                    self.instance.organisation = project.organisation
                super()._post_clean()

        return form if obj else OfItsCustomer

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("obj") is None:
            self.style_form(context["adminform"].form)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: UsageImport, form: Any, change: bool) -> None:
        user: Any = request.user
        file = form.cleaned_data["file"]
        made = importing.start_import(
            project=form.cleaned_data["project"],
            file=file,
            file_name=file.name,
            by=user.get_username(),
            again=form.cleaned_data["again"],
        )
        for field in UsageImport._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))

    def response_add(self, request: HttpRequest, obj: UsageImport, post_url_continue: Any = None) -> Any:
        return self.done(request, f"{format_number(obj.row_count)} rows are on their way.", obj)

    @numeric
    @admin.display(description="Rows", ordering="row_count")
    def size_in_rows(self, row: UsageImport) -> str:
        return format_number(row.row_count)

    @admin.display(description="Counted / duplicates / bad")
    def outcome(self, row: UsageImport) -> str:
        if row.status != Status.DONE:
            return EMPTY
        more = f" / {format_number(row.dead_lettered)} dead letters" if row.dead_lettered else ""
        return " / ".join(format_number(each or 0) for each in (row.counted, row.duplicates, row.bad)) + more

    @admin.display(description="Size")
    def size_text(self, row: UsageImport) -> str:
        return str(filesizeformat(row.size))

    @admin.display(description="Result")
    def result(self, row: UsageImport) -> Any:
        so_far = progress(row)
        looked = f"{format_number(so_far['rows_done'])} of {format_number(row.row_count)}"
        settled = so_far["counted"] + so_far["duplicates"] + so_far["dead_lettered"]
        waiting = so_far["accepted"] - settled
        return facts(
            [
                ("State", badge(row.get_status_display(), TONES[Status(row.status)])),
                ("Rows looked at", looked),
                ("New, and counted", self._events(row, so_far["counted"])),
                ("Known before (duplicates)", format_number(so_far["duplicates"])),
                ("Bad", self._bad(row, so_far["bad"])),
                ("Dead letters", self._letters(row, so_far["dead_lettered"])),
                ("Accepted, to be counted", format_number(waiting) if waiting else ""),
                ("Finished", when(row.finished_at)),
            ]
        )

    def _events(self, row: UsageImport, count: int) -> str:
        url = f"{reverse('admin:events_usageevent_changelist')}?project__id__exact={row.project_id}"
        return format_html('<a class="text-link" href="{}">{}</a>', url, format_number(count)) if count else "0"

    def _bad(self, row: UsageImport, count: int) -> str:
        url = reverse("admin:events_usageimport_action", args=[row.pk, "problems"])
        words = f"{format_number(count)}: download them with their reasons"
        return format_html('<a class="text-link" href="{}">{}</a>', url, words) if count else "0"

    def _letters(self, row: UsageImport, count: int) -> str:
        url = f"{reverse('admin:events_deadletter_changelist')}?project__id__exact={row.project_id}"
        return format_html('<a class="text-link" href="{}">{}</a>', url, format_number(count)) if count else ""

    @admin.display(description="Columns")
    def how_it_looks(self, _row: Any) -> Any:
        return facts(
            [
                ("Needed", ", ".join(COLUMNS[:4])),
                (
                    "If you have them",
                    f"timestamp with its offset; metadata as JSON, or columns such as {METADATA_PREFIX}region",
                ),
                ("Example", format_html('<a class="text-link" href="{}">Download</a>', static(EXAMPLE))),
                ("One line", "is one row. The event id tells rows apart: an id counts once."),
            ]
        )

    @object_page(
        label="Bad rows",
        permission="events.view_usageimport",
        when=lambda row: row.parts.filter(bad__gt=0).exists(),
        icon="download",
    )
    def problems(self, request: HttpRequest, row: UsageImport) -> StreamingHttpResponse:
        return csv_response(f"bad-rows-{row.sha256[:12]}-{row.run}", problem_rows(row))


@extends(Project)
class ImportsOfProject(Extension):
    related_lists = ((UsageImport, "project__id__exact"),)
