"""Cells of CSV and XLSX files without text that a spreadsheet would run as a formula."""

from __future__ import annotations

import re
from typing import Any

# What a spreadsheet takes for the beginning of a formula: the signs, their full-width forms, white space before them,
# and the same after a semicolon, which separates cells where a comma is the decimal sign.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠]|[\t\r])")
_GUARD = re.compile(r"(^|[;\t\r\n])'(?=\s*[=+\-@＝＋－＠]|[\t\r])")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe_cell(cell: Any) -> Any:
    """Text that would be run as a formula gets an apostrophe before it; numbers stay numbers, negative ones too."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return _FORMULA.sub(r"\1'", cell)


def without_guard(cell: str) -> str:
    """The text as it was before `safe_cell`, for a file that comes back."""
    return _GUARD.sub(r"\1", cell)
