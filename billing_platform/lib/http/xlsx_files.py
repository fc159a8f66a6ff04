"""XLSX answers: rows go to disk as they come, and no text is one that a spreadsheet would run as a formula."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO, Any

from django.http import FileResponse
from openpyxl import Workbook

from billing_platform.lib.spreadsheet_cells import safe_cell

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx_response(name: str, rows: Iterable[Sequence[Any]], *, numbers: frozenset[str] = frozenset()) -> FileResponse:
    """Rows as a spreadsheet to download, as `xlsx_file` makes it."""
    file = xlsx_file(name, rows, numbers=numbers)  # the answer closes it
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=TYPE)


def xlsx_file(name: str, rows: Iterable[Sequence[Any]], *, numbers: frozenset[str] = frozenset()) -> IO[bytes]:
    """A spreadsheet, which the caller closes; the first row is the header. `name` is of our own making. Cells of the
    columns in `numbers` become numbers, so that they can be added up."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    columns: list[Any] = []
    for row in rows:
        columns = columns or list(row)
        sheet.append([_cell(cell, is_number=column in numbers) for column, cell in zip(columns, row, strict=True)])
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
    book.save(file)
    file.seek(0)
    return file


def _cell(cell: Any, *, is_number: bool) -> Any:
    try:
        return Decimal(cell) if is_number and cell else safe_cell(cell)
    except ArithmeticError:  # the header
        return safe_cell(cell)
