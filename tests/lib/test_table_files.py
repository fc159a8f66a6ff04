"""Spreadsheets that mean no good: each is refused within seconds, in a sentence, or read as what it shows."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Callable
from datetime import time as time_of_day
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.table_files import Cells, read_cells

SHEET = "xl/worksheets/sheet1.xml"
BILLION = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%b">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefgh")
    + b"]>"
)


def book(*rows: list[Any]) -> bytes:
    workbook = Workbook()
    assert workbook.active is not None
    for row in rows:
        workbook.active.append(row)
    file = BytesIO()
    workbook.save(file)
    return file.getvalue()


def changed(name: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """A good file with one part of it changed, or without it."""
    file = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(book(["Day", "Credit"], ["2026-11-20", 100]))) as good,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for part in good.infolist():
            content = good.read(part)
            new = change(content) if part.filename == name else content
            if new is not None:
                bad.writestr(part.filename, new)
    return file.getvalue()


def with_rows(more: bytes) -> bytes:
    """More rows, and no word about how large the sheet is."""
    return changed(
        SHEET, lambda xml: re.sub(rb"<dimension[^>]*/>", b"", xml).replace(b"</sheetData>", more + b"</sheetData>")
    )


def read(content: bytes) -> Cells:
    return read_cells(content, most_rows=5000, is_table=lambda _cells: True)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (with_rows(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), "below row 50,000"),
        (with_rows(b'<row r="1000000000"><c r="A1000000000"><v>1</v></c></row>'), "below row 50,000"),
        (with_rows(b'<row r="3"><c r="XFD3"><v>1</v></c></row>'), "more than 500 columns"),
        (with_rows(b"<row><c><v>1</v></c></row>" * 500_000), "too large when it is unpacked"),
        (with_rows(b'<row r="3"><c r="A3"><f>1+1</f></c></row>'), "Cell A3 has a formula without a result"),
        (with_rows(b'<row r="3"><c r="A3" t="s"><v>99999</v></c></row>'), "can't be read"),
        (changed(SHEET, lambda xml: xml[:-30]), "can't be read"),
        (changed(SHEET, lambda _xml: None), "can't be read"),
        (
            changed(SHEET, lambda xml: BILLION + xml.replace(b"</sheetData>", b"<x>&h;</x></sheetData>")),
            "can't be read",
        ),
        (changed("xl/workbook.xml", lambda _xml: b"<x/>"), "can't be read"),
        (changed("xl/styles.xml", lambda _xml: b"<x"), "can't be read"),
        (b"PK\x05\x06" + bytes(18), "can't be read"),
    ],
)
def test_a_spreadsheet_that_means_no_good_is_refused_at_once(content: bytes, sentence: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidInput) as refused:
        read(content)
    assert sentence in refused.value.details["file"][0]
    assert time.process_time() - started < 10  # the worst takes a tenth of it


def test_times_of_day_and_spans_are_read_as_texts() -> None:
    content = book(["Day", "Time"], ["2026-11-20", time_of_day(10, 5)], ["2026-11-21", timedelta(hours=3)])
    assert [row[1] for row in read(content)] == ["Time", "10:05:00", "3:00:00"]


def test_all_rows_are_read_however_small_the_file_says_that_it_is() -> None:
    wrong = re.compile(rb"<dimension[^>]*/>")
    content = changed(SHEET, lambda xml: wrong.sub(b'<dimension ref="A1"/>', xml))
    assert read(content) == [["Day", "Credit"], ["2026-11-20", "100"]]
