"""The pages that give the price book out as a file and take one back, after a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from billing_platform.lib.admin.list_import import ListImport, Report
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.table_files import Rows
from billing_platform.lib.http.xlsx_files import xlsx_response
from invoicing.admin.prices.price_cells import COLUMNS
from invoicing.admin.prices.price_form import reason_field
from invoicing.admin.prices.price_list import MOST_ROWS, cells_of, import_rows, read_file
from invoicing.models import PricingRule
from organisations.operators_clock import operators_today

EXPORTS = {"xlsx": xlsx_response, "csv": csv_response}


class ReasonForm(forms.Form):
    reason = reason_field()


class PriceListPages(ListImport):
    """Gives the page of prices the buttons Export and Import."""

    import_template = "admin/invoicing/price_import.html"
    import_title = "Import prices"
    import_columns = COLUMNS
    import_most_rows = MOST_ROWS
    import_answers = ReasonForm
    import_words = {"models": PricingRule.Model.choices}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/<slug:kind>/", view, name="invoicing_pricingrule_export"), *super().get_urls()]

    def buttons(self, request: HttpRequest, obj: Any = None) -> list[dict[str, Any]]:
        shown = super().buttons(request, obj)
        if obj is not None:
            return shown
        filters = f"?{request.GET.urlencode()}" if request.GET else ""
        urls = {kind: reverse("admin:invoicing_pricingrule_export", args=[kind]) + filters for kind in EXPORTS}
        traits = {"icon": "download", "danger": False}
        return [*shown, *({"label": f"Export {kind.upper()}", "url": url, **traits} for kind, url in urls.items())]

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
        if kind not in EXPORTS:
            raise Http404
        return EXPORTS[kind](name, cells_of(rules))

    def may_import(self, request: HttpRequest) -> bool:
        """Whether the user may set prices for some customer; for which ones is asked row by row."""
        page: Any = self
        return bool(page.may(request, "add") or page.may(request, "change"))

    def read_file(self, name: str, content: bytes) -> Rows:
        return read_file(name, content)

    def import_rows(self, request: HttpRequest, rows: Rows, answers: Mapping[str, Any], *, dry_run: bool) -> Report:
        return import_rows(rows, user=request.user, reason=answers["reason"], dry_run=dry_run)
