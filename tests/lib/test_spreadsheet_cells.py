"""Cells of CSV and XLSX files hold no formula."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing_platform.lib.spreadsheet_cells import safe_cell


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-A1", "'-A1"),
        ("-1+A1", "'-1+A1"),
        ("-0.50", "-0.50"),
        ("@A", "'@A"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("a=1", "a=1"),
        ("  =1+1", "'  =1+1"),
        ("\n=1+1", "'\n'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("x;=1+1", "x;'=1+1"),
        ("x; y=1", "x; y=1"),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_guarded(cell: str, safe: str) -> None:
    assert safe_cell(cell) == safe
    assert safe_cell(Decimal(-1)) == Decimal(-1)
