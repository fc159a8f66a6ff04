"""The government's workbook as files: one XLSX, or a ZIP of one CSV for each sheet. Cells are safe for spreadsheets."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import IO, Any

from openpyxl import Workbook

from billing_platform.lib.spreadsheet_cells import safe_cell
from invoicing.returns.documents import ReturnDocument
from invoicing.returns.gstr1 import Gstr1
from invoicing.returns.scratch import scratch_file
from invoicing.returns.sections import Section
from invoicing.returns.workbook import IFF_SHEETS, SHEETS, Row, document_rows, summed_rows

_CHUNK = 1 << 16
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in a ZIP: the same return is the same bytes."""


class CsvSheets:
    """A CSV for each sheet that has rows, with the workbook's names and columns; `file` is the ZIP of them."""

    def __init__(self) -> None:
        self.file: IO[bytes] = scratch_file()
        self._sheets: dict[Section | str, tuple[IO[bytes], Any]] = {}

    def write(self, section: Section, document: ReturnDocument) -> None:
        for row in document_rows(section, document):
            self._append(section, row)

    def finish(self, gstr1: Gstr1) -> None:
        for name, row in summed_rows(gstr1):
            self._append(name, row)
        with zipfile.ZipFile(self.file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, sheet in SHEETS.items():
                if name in self._sheets:
                    text, _writer = self._sheets[name]
                    add_to(archive, f"{sheet.name}.csv", text)
        self.file.seek(0)

    def close(self) -> None:
        for file in (self.file, *(text for text, _writer in self._sheets.values())):
            file.close()

    def _append(self, name: Section | str, row: Row) -> None:
        if name not in self._sheets:
            text = io.TextIOWrapper(scratch_file(), encoding="utf-8", newline="", write_through=True)
            self._sheets[name] = text.buffer, csv.writer(text)
            self._sheets[name][1].writerow(SHEETS[name].columns)
        self._sheets[name][1].writerow([safe_cell(cell) for cell in row])


class XlsxSheets:
    """The workbook: header in row 4, data from row 5. Rows go to disk as they come."""

    def __init__(self, *, is_iff: bool) -> None:
        self.file: IO[bytes] = scratch_file()
        self._book = Workbook(write_only=True)
        self._sheets = {name: self._begin(name) for name in SHEETS if not is_iff or name in IFF_SHEETS}

    def write(self, section: Section, document: ReturnDocument) -> None:
        for row in document_rows(section, document):
            self._sheets[section].append([safe_cell(cell) for cell in row])

    def finish(self, gstr1: Gstr1) -> None:
        for name, row in summed_rows(gstr1):
            self._sheets[name].append([safe_cell(cell) for cell in row])
        self._book.save(self.file)
        self.file.seek(0)

    def close(self) -> None:
        self.file.close()

    def _begin(self, name: Section | str) -> Any:
        sheet = SHEETS[name]
        found = self._book.create_sheet(sheet.name)
        for row in ([sheet.title], [], [], sheet.columns):
            found.append(row)
        return found


def zipped(files: Sequence[tuple[str, IO[bytes]]]) -> IO[bytes]:
    """Several files as one; at its beginning."""
    target: IO[bytes] = scratch_file()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files:
            add_to(archive, name, file)
    target.seek(0)
    return target


def add_to(archive: zipfile.ZipFile, name: str, file: IO[bytes]) -> None:
    file.seek(0)
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as target:
        while chunk := file.read(_CHUNK):
            target.write(chunk)
