"""Tables that people upload as CSV or XLSX: read into rows of text by column, whatever program wrote them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.number_formats import short_text
from billing_platform.lib.spreadsheet_cells import without_guard

LARGEST_FILE = 2 * 1024 * 1024
LARGEST_UNPACKED = 12 * 1024 * 1024
MOST_SHEET_ROWS, MOST_COLUMNS = 50_000, 500
"""Where reading a spreadsheet ends: one of a few bytes may have its only cell in row 1,048,576."""
LINE = "line"  # the column that holds the row's number in the file, beside those of the file

Rows = list[dict[str, str]]
Cells = list[list[str]]
_LINES_OF_A_ROW = 10  # as many as texts on several lines may make of each row
_OLD_SPREADSHEET = b"\xd0\xcf\x11\xe0"


def read_rows(
    name: str, content: bytes, *, columns: Sequence[str], needed: Sequence[str], most_rows: int, hint: str
) -> Rows:
    """The rows of a file by column, with their line numbers. `hint` ends the refusal of a header: where to see how a
    file looks. Raises InvalidInput at `file`."""
    if len(content) > LARGEST_FILE:
        raise InvalidInput.field("file", f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB.")
    header, *lines = _cells_of_xlsx(content) if name.lower().endswith(".xlsx") else _cells_of_csv(content)
    names = [cell.strip().lower() for cell in header]
    _check_header(names, columns, needed, hint)
    rows = [
        {LINE: str(number)} | dict.fromkeys(columns, "") | dict(zip(names, cells, strict=False))
        for number, cells in enumerate(lines, start=2)
        if any(cells)
    ]
    if len(rows) > most_rows:
        raise InvalidInput.field("file", f"The file has more than {most_rows:,} rows: import it in parts.")
    return rows


def read_cells(content: bytes, *, most_rows: int, is_table: Callable[[Cells], bool]) -> Cells:
    """All cells of a file that another program wrote its own way: titles above the header, any separator, UTF-8, UTF-16
    or Windows' western letters. Of the separators the one is taken with which `is_table` knows the cells. Raises
    InvalidInput at `file`."""
    if len(content) > LARGEST_FILE:
        raise InvalidInput.field("file", f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB.")
    if content.startswith(_OLD_SPREADSHEET) or content.lstrip()[:6].lower() in (b"<html>", b"<table", b"<!doct"):
        raise InvalidInput.field("file", "This is an old spreadsheet (XLS) or a web page: save it as XLSX or CSV.")
    if content.count(b"\n") > most_rows * _LINES_OF_A_ROW:  # before seconds go into reading it
        raise InvalidInput.field("file", f"The file has more than {most_rows:,} rows: import it in parts.")
    found = _cells_of_xlsx(content) if content.startswith(b"PK") else _cells_of_any_text(_text_of(content), is_table)
    if len(found) > most_rows:
        raise InvalidInput.field("file", f"The file has more than {most_rows:,} rows: import it in parts.")
    return found


def _cells_of_any_text(text: str, is_table: Callable[[Cells], bool]) -> Cells:
    tried: list[Cells] = []
    refusal: InvalidInput | None = None
    for separator in ",\t;|":
        try:
            tried.append(_cells_of_text(text, separator))
        except InvalidInput as error:  # a quotation mark that is none with another separator
            refusal = error
        else:
            if is_table(tried[-1]):
                return tried[-1]
    if refusal is not None and not tried:
        raise refusal
    return max(tried, key=lambda cells: max(map(len, cells)))


def _text_of(content: bytes) -> str:
    """UTF-16 says so by its first two bytes; what is no UTF-8 was written by Windows."""
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            row = text[: text.index("\x00")].count("\n") + 1
            raise InvalidInput.field("file", f"Row {row} holds a character that is no text (NUL): save the file anew.")
        return text
    raise InvalidInput.field("file", "The file is no text: save it as “CSV UTF-8”, or as XLSX.")


def _check_header(names: list[str], columns: Sequence[str], needed: Sequence[str], hint: str) -> None:
    missing = [name for name in needed if name not in names]
    unknown = [name for name in names if name and name not in columns]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    for found, words in ((missing, "lacks the columns"), (unknown, "has unknown columns:"), (twice, "has twice:")):
        if found:
            raise InvalidInput.field("file", f"The file {words} {', '.join(found)}. {hint}")


def _cells_of_csv(content: bytes) -> Cells:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput.field("file", "The file is no text in UTF-8: save it as “CSV UTF-8”, or as XLSX.") from None
    first = text.partition("\n")[0]
    return _cells_of_text(
        text, max(",;\t", key=first.count)
    )  # where a comma is the decimal sign, they write semicolons


def _cells_of_text(text: str, separator: str) -> Cells:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise InvalidInput.field("file", f"The file can't be read as CSV: {error}.") from None
    return [[_text(cell) for cell in line] for line in lines] or [[]]


def _cells_of_xlsx(content: bytes) -> Cells:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > LARGEST_UNPACKED:
                raise InvalidInput.field("file", "The spreadsheet is too large when it is unpacked.")
        found = [[cell.value for cell in row] for row in _sheet_of(content, results=True)]
        _refuse_formulas_without_result(content, found)
    except InvalidInput:
        raise
    except Exception:  # what a damaged file makes its reader throw, nobody has listed
        raise InvalidInput.field("file", "The file can't be read as a spreadsheet (XLSX).") from None
    return [[_text(cell) for cell in line] for line in found] or [[]]


def _sheet_of(content: bytes, *, results: bool) -> Iterator[list[Any]]:
    """The cells of the first sheet by row, with the results of formulas or with the formulas, up to the last of a row
    that holds something. How large the sheet says it is does not count: some programs write nonsense there."""
    sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=results).active
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > MOST_SHEET_ROWS:
            raise InvalidInput.field("file", f"The spreadsheet has cells below row {MOST_SHEET_ROWS:,}.")
        filled = max((place for place, cell in enumerate(row, start=1) if cell.value is not None), default=0)
        if filled > MOST_COLUMNS:
            raise InvalidInput.field("file", f"The spreadsheet has more than {MOST_COLUMNS} columns.")
        yield list(row[:filled])


def _refuse_formulas_without_result(content: bytes, found: Sequence[Sequence[Any]]) -> None:
    """A program wrote them, and no spreadsheet has worked them out."""
    for row, values in zip(_sheet_of(content, results=False), found, strict=False):
        for place, cell in enumerate(row):
            if cell.data_type == "f" and (place >= len(values) or values[place] is None):
                raise InvalidInput.field(
                    "file", f"Cell {cell.coordinate} has a formula without a result: write the value there."
                )


def _text(cell: Any) -> str:
    """A cell as it would stand in a CSV file. A number of a spreadsheet has the digits that the spreadsheet shows."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return without_guard(cell).strip()
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return short_text(Decimal(str(cell))) if isinstance(cell, int | float) else str(cell)  # a time of day
