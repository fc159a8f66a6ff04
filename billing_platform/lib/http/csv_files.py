"""CSV answers: streamed row by row, and without text that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

# What a spreadsheet takes for the beginning of a formula: the signs, their full-width forms, white space before them,
# and the same after a semicolon, which separates cells where a comma is the decimal sign.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠]|[\t\r])")
_GUARD = re.compile(r"(^|[;\t\r\n])'(?=\s*[=+\-@＝＋－＠]|[\t\r])")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_response(name: str, rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Rows as a file to download. `name` is of our own making: letters, digits and hyphens."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8", headers=headers)


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    return (writer.writerow([safe_cell(cell) for cell in row]) for row in rows)


def safe_cell(cell: Any) -> Any:
    """Text that would be run as a formula gets an apostrophe before it; numbers stay numbers, negative ones too."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return _FORMULA.sub(r"\1'", cell)


def without_guard(cell: str) -> str:
    """The text as it was before `safe_cell`, for a file that comes back."""
    return _GUARD.sub(r"\1", cell)


class _Echo:
    """A file that gives back what is written: csv.writer returns it line by line."""

    def write(self, line: str) -> str:
        return line
