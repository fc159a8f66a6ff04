"""The page that takes a list of exchange rates as a file, after a dry run."""

from __future__ import annotations

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
from invoicing.admin.prices.price_list import Report
from invoicing.admin.rate_list import COLUMNS, MOST_ROWS, import_rates, read_file
from invoicing.models import ExchangeRate

CHECKED_SECONDS = 3600  # how long a checked file waits for the person to confirm it


class UploadForm(forms.Form):
    file = forms.FileField(
        label="List of exchange rates",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        help_text=f"CSV or XLSX, at most {MOST_ROWS:,} rows and {LARGEST_FILE // 1024 // 1024} MB.",
    )


class ConfirmForm(forms.Form):
    """The rows were uploaded already, and wait in the cache under a token."""

    token = forms.UUIDField(widget=forms.HiddenInput)


class RateListPages:
    """Gives the page of exchange rates the button Import."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="invoicing_exchangerate_import"), *super().get_urls()]  # type: ignore[misc]  # a mixin

    def buttons(self, request: HttpRequest, obj: Any = None) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = super().buttons(request, obj)  # type: ignore[misc]  # a mixin: the page has it
        if obj is not None or not self._may_import(request):
            return shown
        url = reverse("admin:invoicing_exchangerate_import")
        return [*shown, {"label": "Import", "icon": "upload_file", "danger": False, "url": url}]

    def _may_import(self, request: HttpRequest) -> bool:
        """Rates are every customer's: as with the form, for those who serve them all."""
        page: Any = self
        return bool(page.may(request, "add", ExchangeRate()))

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """An upload is checked and reported; nothing is saved before the report is confirmed."""
        if not self._may_import(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._show(request, UploadForm())
        if "token" in request.POST:
            return self._confirm(request)
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(request, form)
        upload = form.cleaned_data["file"]
        try:
            rows = read_file(upload.name, upload.read(LARGEST_FILE + 1))
        except InvalidInput as error:
            form.add_error("file", error.details["file"])
            return self._show(request, form)
        token = uuid4()
        cache.set(_key(request, token), rows, CHECKED_SECONDS)
        return self._show(request, ConfirmForm(initial={"token": token}), import_rates(rows, dry_run=True))

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        form = ConfirmForm(request.POST)
        key = _key(request, form.cleaned_data["token"]) if form.is_valid() else ""
        rows: Rows | None = cache.get(key) if key else None
        if rows is None or not cache.delete(key):
            messages.warning(request, "The list was imported already, or waited for too long: choose the file again.")
            return HttpResponseRedirect(reverse("admin:invoicing_exchangerate_import"))
        report = import_rates(rows, dry_run=False)
        if report.is_refused:  # somebody else added other rates after the check
            return self._show(request, UploadForm(), report)
        messages.success(request, f"The list is imported: {report.sentence}.")
        return HttpResponseRedirect(reverse("admin:invoicing_exchangerate_changelist"))

    def _show(self, request: HttpRequest, form: forms.Form, report: Report | None = None) -> HttpResponse:
        page: Any = self
        page.style_form(form)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Import exchange rates",
            "form": form,
            "report": report,
            "columns": COLUMNS,
            "back_url": reverse("admin:invoicing_exchangerate_changelist"),
        }
        return TemplateResponse(request, "admin/invoicing/rate_import.html", context)


def _key(request: HttpRequest, token: Any) -> str:
    """Where the rows of one person's upload wait."""
    return f"rate-list:{request.user.pk}:{token}"
