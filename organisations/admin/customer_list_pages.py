"""The pages that give the customers out as a file and take one back, after a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from billing_platform.lib.admin.list_import import Answers, ListImport, Report
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.table_files import Rows
from billing_platform.lib.http.xlsx_files import xlsx_response
from organisations.admin.customer_list import COLUMNS, MOST_ROWS, cells_of, import_customers, read_file
from organisations.models import Organisation, Project
from organisations.operators_clock import operators_today

EXPORTS = {"xlsx": xlsx_response, "csv": csv_response}


class ConfirmForm(Answers):
    confirm = forms.BooleanField(
        label="I know, and want it so",
        required=False,
        help_text="Needed for changes that have consequences, such as taking a GSTIN away: the check names them.",
    )


class CustomerListPages(ListImport):
    """Gives the page of customers the buttons Export and Import."""

    import_template = "admin/organisations/customer_import.html"
    import_title = "Import customers"
    import_columns = COLUMNS
    import_most_rows = MOST_ROWS
    import_answers = ConfirmForm

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/<slug:kind>/", view, name="organisations_organisation_export"), *super().get_urls()]

    def buttons(self, request: HttpRequest, obj: Any = None) -> list[dict[str, Any]]:
        shown = super().buttons(request, obj)
        if obj is not None:
            return shown
        filters = f"?{request.GET.urlencode()}" if request.GET else ""
        urls = {kind: reverse("admin:organisations_organisation_export", args=[kind]) + filters for kind in EXPORTS}
        traits = {"icon": "download", "danger": False}
        return [*shown, *({"label": f"Export {kind.upper()}", "url": url, **traits} for kind, url in urls.items())]

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The customers that the list shows with these filters."""
        page: Any = self
        if not page.has_view_permission(request):
            raise PermissionDenied
        if kind not in EXPORTS:
            raise Http404
        try:
            found = page.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            raise Http404 from None
        customers = found.select_related("billing_entity").prefetch_related("projects")
        return EXPORTS[kind](f"customers-{operators_today().isoformat()}", cells_of(customers))

    def may_import(self, request: HttpRequest) -> bool:
        """A file may name any customer: for those who serve them all."""
        page: Any = self
        user: Any = request.user
        return bool(
            page.may(request, "add", Organisation())
            and page.may(request, "change", Organisation())
            and user.has_perm("organisations.add_project", Project())
        )

    def read_file(self, name: str, content: bytes) -> Rows:
        return read_file(name, content)

    def import_rows(self, request: HttpRequest, rows: Rows, answers: Mapping[str, Any], *, dry_run: bool) -> Report:
        return import_customers(rows, confirm=bool(answers["confirm"]), dry_run=dry_run)
