"""The page that takes a list as a file: an upload is checked by a dry run, and imported once a person confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.table_files import LARGEST_FILE, Rows

CHECKED_SECONDS = 3600  # how long a checked file waits for the person to confirm it


class Outcome(StrEnum):
    ADDED = "Added"
    CHANGED = "Changed"
    UNCHANGED = "Unchanged"
    REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class RowReport:
    """What becomes of one row of the file. `problems` are sentences, with the column before them where there is one."""

    line: int
    about: str
    outcome: Outcome
    after: str = ""
    before: str = ""
    problems: tuple[str, ...] = ()
    note: str = ""  # what to look at; it keeps nothing from being imported


@dataclass(frozen=True, slots=True)
class Report:
    rows: tuple[RowReport, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def is_refused(self) -> bool:
        return bool(self.count(Outcome.REFUSED))

    @property
    def changes(self) -> int:
        return self.count(Outcome.ADDED) + self.count(Outcome.CHANGED)

    @property
    def sentence(self) -> str:
        counts = [(outcome, self.count(outcome)) for outcome in Outcome]
        return ", ".join(f"{count:,} {outcome.lower()}" for outcome, count in counts if count) or "The file has no rows"

    @property
    def worth_showing(self) -> list[RowReport]:
        """Refused rows first; rows without a change are only counted."""
        shown = [row for row in self.rows if row.outcome != Outcome.UNCHANGED]
        return sorted(shown, key=lambda row: (row.outcome != Outcome.REFUSED, row.line))


class Answers(forms.Form):
    """What is asked beside the file, and asked again with the report. A page adds its own fields."""


class ListImport:
    """Gives the page of a model the button Import. A page names its template, which extends `list_import.html`, says
    who may import, reads the file and imports its rows: all or none."""

    admin_site: Any
    opts: Any
    import_template = ""
    import_title = ""
    import_columns: Sequence[str] = ()
    import_most_rows = 0
    import_answers: type[forms.Form] = Answers
    import_words: Mapping[str, Any] = {}
    """What the template shows beside that."""

    def may_import(self, request: HttpRequest) -> bool:
        raise NotImplementedError

    def read_file(self, name: str, content: bytes) -> Rows:
        """The rows of a file by column. Raises InvalidInput at `file`."""
        raise NotImplementedError

    def import_rows(self, request: HttpRequest, rows: Rows, answers: Mapping[str, Any], *, dry_run: bool) -> Report:
        """A dry run checks the same, and stores nothing."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_import"
        return [path("import/", view, name=name), *super().get_urls()]  # type: ignore[misc]  # a mixin: the page has it

    def buttons(self, request: HttpRequest, obj: Any = None) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = super().buttons(request, obj)  # type: ignore[misc]  # a mixin: the page has it
        if obj is not None or not self.may_import(request):
            return shown
        return [*shown, {"label": "Import", "icon": "upload_file", "danger": False, "url": self._url("import")}]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """An upload is checked and reported; nothing is saved before the report is confirmed."""
        if not self.may_import(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._show(request, self._upload_form())
        if "token" in request.POST:
            return self._confirm(request)
        form = self._upload_form(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(request, form)
        upload = form.cleaned_data.pop("file")
        try:
            rows = self.read_file(upload.name, upload.read(LARGEST_FILE + 1))
        except InvalidInput as error:
            form.add_error("file", error.details["file"])
            return self._show(request, form)
        token = uuid4()
        cache.set(self._key(request, token), rows, CHECKED_SECONDS)
        return self._check(request, rows, {**form.cleaned_data, "token": token})

    def _upload_form(self, *sent: Any) -> forms.Form:
        form = self.import_answers(*sent)
        file = forms.FileField(
            widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
            help_text=f"CSV or XLSX, at most {self.import_most_rows:,} rows and {LARGEST_FILE // 1024 // 1024} MB.",
        )
        form.fields = {"file": file, **form.fields}
        return form

    def _confirm_form(self, *sent: Any, **known: Any) -> forms.Form:
        """The rows were uploaded already, and wait in the cache under a token."""
        form = self.import_answers(*sent, **known)
        form.fields = {"token": forms.UUIDField(widget=forms.HiddenInput), **form.fields}
        return form

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        form = self._confirm_form(request.POST)
        key = self._key(request, form.cleaned_data.get("token")) if form.is_valid() else ""
        rows: Rows | None = cache.get(key) if key else None
        if rows is None:
            messages.warning(request, "The list was imported already, or waited for too long: choose the file again.")
            return HttpResponseRedirect(self._url("import"))
        if "check" in request.POST:
            return self._check(request, rows, form.cleaned_data)
        if not cache.delete(key):  # another click was first
            messages.warning(request, "The list was sent already; it is imported once.")
            return HttpResponseRedirect(self._url("changelist"))
        report = self.import_rows(request, rows, form.cleaned_data, dry_run=False)
        if report.is_refused:  # somebody else made changes after the check
            cache.set(key, rows, CHECKED_SECONDS)
            return self._show(request, self._confirm_form(initial=form.cleaned_data), report)
        messages.success(request, f"The list is imported: {report.sentence}.")
        return HttpResponseRedirect(self._url("changelist"))

    def _check(self, request: HttpRequest, rows: Rows, answers: Mapping[str, Any]) -> HttpResponse:
        report = self.import_rows(request, rows, answers, dry_run=True)
        return self._show(request, self._confirm_form(initial=dict(answers)), report)

    def _show(self, request: HttpRequest, form: forms.Form, report: Report | None = None) -> HttpResponse:
        page: Any = self
        page.style_form(form)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.import_title,
            "form": form,
            "report": report,
            "columns": self.import_columns,
            "asks": bool(self.import_answers.base_fields),
            "import_url": self._url("import"),
            "back_url": self._url("changelist"),
            **self.import_words,
        }
        return TemplateResponse(request, self.import_template, context)

    def _url(self, page: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}")

    def _key(self, request: HttpRequest, token: Any) -> str:
        """Where the rows of one person's upload wait."""
        return f"import:{self.opts.label_lower}:{request.user.pk}:{token}"
