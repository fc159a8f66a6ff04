"""The page that takes a list of exchange rates as a file, after a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from billing_platform.lib.admin.list_import import ListImport, Report
from billing_platform.lib.http.table_files import Rows
from invoicing.admin.rate_list import COLUMNS, MOST_ROWS, import_rates, read_file
from invoicing.models import ExchangeRate


class RateListPages(ListImport):
    """Gives the page of exchange rates the button Import."""

    import_template = "admin/invoicing/rate_import.html"
    import_title = "Import exchange rates"
    import_columns = COLUMNS
    import_most_rows = MOST_ROWS

    def may_import(self, request: HttpRequest) -> bool:
        """Rates are every customer's: as with the form, for those who serve them all."""
        page: Any = self
        return bool(page.may(request, "add", ExchangeRate()))

    def read_file(self, name: str, content: bytes) -> Rows:
        return read_file(name, content)

    def import_rows(self, request: HttpRequest, rows: Rows, answers: Mapping[str, Any], *, dry_run: bool) -> Report:
        return import_rates(rows, dry_run=dry_run)
