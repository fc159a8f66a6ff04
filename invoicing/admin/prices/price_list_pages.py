"""The pages that give the price book out as a file and take one back, after a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.downloads import file_response
from billing_platform.lib.http.table_files import LARGEST_FILE, Rows
from invoicing.admin.prices.price_cells import COLUMNS
from invoicing.admin.prices.price_form import reason_field
from invoicing.admin.prices.price_list import MOST_ROWS, Report, as_xlsx, cells_of, import_rows, read_file
from invoicing.models import PricingRule
from organisations.operators_clock import operators_today

CHECKED_SECONDS = 3600  # how long a checked file waits for the person to confirm it
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UploadForm(forms.Form):
    file = forms.FileField(
        label="Price list",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        help_text=f"CSV or XLSX, at most {MOST_ROWS:,} rows and {LARGEST_FILE // 1024 // 1024} MB.",
    )
    reason = reason_field()


class ConfirmForm(forms.Form):
    """The rows were uploaded already, and wait in the cache under a token."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    reason = reason_field()


class PriceListPages:
    """Gives the page of prices the buttons Import and Export."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("import/", wrap(self.import_view), name="invoicing_pricingrule_import"),
            path("export/<slug:kind>/", wrap(self.export_view), name="invoicing_pricingrule_export"),
            *super().get_urls(),  # type: ignore[misc]  # a mixin: the page has it
        ]

    def buttons(self, request: HttpRequest, obj: Any = None) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = super().buttons(request, obj)  # type: ignore[misc]  # a mixin: the page has it
        if obj is not None:
            return shown
        filters = f"?{request.GET.urlencode()}" if request.GET else ""
        links = [
            (f"Export {kind.upper()}", "download", reverse("admin:invoicing_pricingrule_export", args=[kind]) + filters)
            for kind in ("xlsx", "csv")
        ]
        if self._may_import(request):
            links.append(("Import", "upload_file", reverse("admin:invoicing_pricingrule_import")))
        return [*shown, *({"label": label, "icon": icon, "danger": False, "url": url} for label, icon, url in links)]

    def _may_import(self, request: HttpRequest) -> bool:
        """Whether the user may set prices for some customer; for which ones is asked row by row."""
        page: Any = self
        return bool(page.may(request, "add") or page.may(request, "change"))

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The rules that the list shows with these filters."""
        page: Any = self
        if not page.has_view_permission(request):
            raise PermissionDenied
        try:
            rules = page.get_changelist_instance(request).get_queryset(request).select_related("organisation")
        except IncorrectLookupParameters:
            raise Http404 from None
        name = f"prices-{operators_today().isoformat()}"
        if kind == "csv":
            return csv_response(name, cells_of(rules))
        if kind != "xlsx":
            raise Http404
        return file_response(f"{name}.xlsx", as_xlsx(rules), XLSX)

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
        return self._check(request, rows, {"token": token, "reason": form.cleaned_data["reason"]})

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        form = ConfirmForm(request.POST)
        key = _key(request, form.cleaned_data.get("token")) if form.is_valid() else ""
        rows: Rows | None = cache.get(key) if key else None
        if rows is None:
            messages.warning(request, "The list was imported already, or waited for too long: choose the file again.")
            return HttpResponseRedirect(reverse("admin:invoicing_pricingrule_import"))
        if "check" in request.POST:
            return self._check(request, rows, form.cleaned_data)
        if not cache.delete(key):  # another click was first
            messages.warning(request, "The list was sent already; it is imported once.")
            return HttpResponseRedirect(reverse("admin:invoicing_pricingrule_changelist"))
        report = import_rows(rows, user=request.user, reason=form.cleaned_data["reason"], dry_run=False)
        if report.is_refused:  # somebody else changed prices after the check
            cache.set(key, rows, CHECKED_SECONDS)
            return self._show(request, ConfirmForm(initial=form.cleaned_data), report)
        messages.success(request, f"The price list is imported: {report.sentence}.")
        return HttpResponseRedirect(reverse("admin:invoicing_pricingrule_changelist"))

    def _check(self, request: HttpRequest, rows: Rows, answers: Mapping[str, Any]) -> HttpResponse:
        report = import_rows(rows, user=request.user, reason=answers["reason"], dry_run=True)
        return self._show(request, ConfirmForm(initial=dict(answers)), report)

    def _show(self, request: HttpRequest, form: forms.Form, report: Report | None = None) -> HttpResponse:
        page: Any = self
        page.style_form(form)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Import prices",
            "form": form,
            "report": report,
            "columns": COLUMNS,
            "models": PricingRule.Model.choices,
            "back_url": reverse("admin:invoicing_pricingrule_changelist"),
        }
        return TemplateResponse(request, "admin/invoicing/price_import.html", context)


def _key(request: HttpRequest, token: Any) -> str:
    """Where the rows of one person's upload wait."""
    return f"price-list:{request.user.pk}:{token}"
