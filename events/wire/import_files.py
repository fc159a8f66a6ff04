"""Usage as a file: CSV or one JSON object a line, plain or gzip, read line by line with bounds on everything.

Pure: no Django, no database. One line is one row, so that each row has the number that an editor shows. A file is cut
into parts; the rows of a part become lines of JSON, which `incoming.read_lines` checks like those of the API.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, cast

import msgspec
from msgspec import Raw

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.spreadsheet_cells import without_guard

LONGEST_LINE = 64 * 1024
MOST_LINES = 5_000_000
PART_ROWS = 5_000
PART_BYTES = 4 * 1024 * 1024
COLUMNS = ("event_id", "metric_name", "metric_value", "unit", "timestamp", "metadata")
NEEDED = COLUMNS[:4]
METADATA_PREFIX = "metadata."
MOST_COLUMNS = 200

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_SNIFFED = 64
_SEPARATORS = ",;\t"
_EMPTY = b" \t\r\n\x0b\x0c"
_PACK_LEVEL = 1


class FileFormat(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive lines. `row_count` leaves out empty ones."""

    first_line: int
    row_count: int
    lines: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row. `field` is empty where the row as a whole can't be read."""

    line: int
    event_id: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that begins like one of usage. `header` is the first line of a CSV file; reading goes on after it."""

    file_format: FileFormat
    header: str
    rest: _Lines

    def is_empty(self, line: bytes) -> bool:
        return is_empty(line, self.file_format)


def open_file(file: IO[bytes], *, most_bytes: int) -> Opened:
    """Find out what the file is. `most_bytes` bounds what it may hold unpacked. Raises InvalidInput at `file`."""
    lines = _Lines(cast(IO[bytes], _unpacked(file)), most_bytes)
    first = next((line for line in lines if line.strip()), b"")
    start = first.removeprefix(_BOM).strip(b"\r\n ")
    if not start:
        raise _refused("The file is empty.")
    if start.startswith(b"PK\x03\x04"):
        raise _refused("This is a spreadsheet: save it as CSV.")
    if start.startswith(b"["):
        raise _refused("This is a JSON array: write one event a line, without brackets around them and commas between.")
    if start.startswith(b"{"):
        lines.push_back(first.removeprefix(_BOM))
        return Opened(FileFormat.NDJSON, "", lines)
    header = _decoded(start, lines.number)
    CsvRows(header)  # refuses a header that can't be read
    return Opened(FileFormat.CSV, header, lines)


def parts_of(opened: Opened) -> Iterator[Part]:
    """The file in parts, one at a time in memory. Raises InvalidInput at `file` where a bound is broken."""
    held: list[bytes] = []
    first, rows, size, total = opened.rest.number + 1, 0, 0, 0
    for line in opened.rest:
        if not line.isascii():
            _decoded(line, opened.rest.number)
        held.append(line)
        size += len(line)
        if not opened.is_empty(line):
            rows += 1
            total += 1
        if opened.rest.number > MOST_LINES:
            raise _refused(f"The file has more than {MOST_LINES:,} lines: import it in parts.")
        if len(held) >= PART_ROWS or size >= PART_BYTES:
            yield Part(first, rows, b"".join(held))
            held, first, rows, size = [], opened.rest.number + 1, 0, 0
    if rows:
        yield Part(first, rows, b"".join(held))
    if not total:
        raise _refused("The file has no rows.")


def pack(content: bytes) -> bytes:
    return zlib.compress(content, _PACK_LEVEL)


def unpack(content: bytes) -> bytes:
    return zlib.decompress(content)


def is_empty(line: bytes, file_format: str) -> bool:
    """Also a row of empty cells, as spreadsheets write them at the end."""
    return not line.strip(_EMPTY if file_format == FileFormat.NDJSON else _EMPTY + b",;")


def numbered_lines(part: bytes, first_line: int, file_format: str) -> Iterator[tuple[int, bytes]]:
    """The rows of a part with their numbers in the file, without empty lines."""
    for number, line in enumerate(part.split(b"\n"), start=first_line):
        if not is_empty(line, file_format):
            yield number, line.rstrip(b"\r")


def as_json(
    rows: Iterable[tuple[int, bytes]], file_format: str, header: str
) -> tuple[list[int], list[bytes], list[Problem]]:
    """The numbers and the events, as JSON, of the rows that can be read, and what is wrong with the others."""
    if file_format == FileFormat.NDJSON:
        found = list(rows)
        return [number for number, _line in found], [line for _number, line in found], []
    reader = CsvRows(header)
    numbers, events, problems = [], [], []
    for number, line in rows:
        read = reader.event(number, line.decode())
        if isinstance(read, Problem):
            problems.append(read)
        else:
            numbers.append(number)
            events.append(read)
    return numbers, events, problems


class CsvRows:
    """Rows of one CSV file as JSON events."""

    def __init__(self, header: str) -> None:
        self.separator = max(_SEPARATORS, key=header.count)
        cells = self._cells(header)
        if cells is None:
            raise _refused("The first line can't be read as CSV.")
        self.names = [cell.strip() for cell in cells]
        _check_header(self.names)
        self.keys = [(name.removeprefix(METADATA_PREFIX), name.startswith(METADATA_PREFIX)) for name in self.names]

    def event(self, number: int, line: str) -> bytes | Problem:
        cells = self._cells(line)
        if cells is None:
            return Problem(number, "", "", "A quotation mark is opened and not closed: a row is one line.")
        if len(cells) != len(self.names):
            return Problem(number, "", "", f"The row has {len(cells)} cells; the header has {len(self.names)}.")
        event: dict[str, Any] = {}
        metadata: dict[str, str] = {}
        for (key, is_metadata), cell in zip(self.keys, cells, strict=True):
            text = without_guard(cell).strip()
            if text:
                (metadata if is_metadata else event)[key] = text
        if metadata:
            event["metadata"] = metadata
        elif "metadata" in event:
            try:
                event["metadata"] = Raw(_object(event["metadata"]))
            except (msgspec.DecodeError, RecursionError):
                return Problem(number, event.get("event_id", ""), "metadata", "The cell is no JSON object.")
        return _encode(event)

    def _cells(self, line: str) -> list[str] | None:
        try:
            return next(csv.reader([line], delimiter=self.separator, strict=True), [])
        except csv.Error:
            return None


_encode = msgspec.json.Encoder().encode
_is_object = msgspec.json.Decoder(dict[str, Raw]).decode


def _object(text: str) -> bytes:
    encoded = text.encode()
    _is_object(encoded)
    return encoded


def _check_header(names: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in COLUMNS and not name[len(METADATA_PREFIX) :]]
    unknown += [name for name in names if name not in COLUMNS and name and not name.startswith(METADATA_PREFIX)]
    twice = sorted({name for name in names if names.count(name) > 1})
    hint = f"The first line names the columns: {', '.join(COLUMNS)}, and {METADATA_PREFIX}… for each dimension."
    for found, words in ((missing, "lacks the columns"), (unknown, "has unknown columns:"), (twice, "has twice:")):
        if found:
            listed = ", ".join(name[:50] or "(empty)" for name in dict.fromkeys(found))
            raise _refused(f"The file {words} {listed}. {hint}")
    if len(names) > MOST_COLUMNS:
        raise _refused(f"The file has more than {MOST_COLUMNS} columns.")
    if "metadata" in names and any(name.startswith(METADATA_PREFIX) for name in names):
        raise _refused(f"Give the metadata in one column, or in columns {METADATA_PREFIX}…; not both.")


class _Lines:
    """Lines of a file with their numbers, and with bounds on each line and on all of them."""

    def __init__(self, file: IO[bytes], most_bytes: int) -> None:
        self.file, self.most_bytes = file, most_bytes
        self.number, self.bytes = 0, 0
        self._next: bytes | None = None

    def push_back(self, line: bytes) -> None:
        self._next = line
        self.number -= 1

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.number += 1
        if self._next is not None:
            line, self._next = self._next, None
            return line
        try:
            line = self.file.readline(LONGEST_LINE + 1)
        except (OSError, EOFError, zlib.error):
            raise _refused("The file is not complete gzip: was it cut off?") from None
        if not line:
            raise StopIteration
        self.bytes += len(line)
        if len(line) > LONGEST_LINE:
            raise _refused(f"Line {self.number:,} is longer than {LONGEST_LINE // 1024} KB.")
        if self.bytes > self.most_bytes:
            raise _refused(f"The file holds more than {self.most_bytes // 1024 // 1024} MB: import it in parts.")
        return line


def _unpacked(file: IO[bytes]) -> Any:
    start = file.read(_SNIFFED)
    file.seek(0)
    if not start.startswith(_GZIP_MAGIC):
        return file
    return gzip.GzipFile(fileobj=file)


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise _refused(f"Line {number:,} is no text in UTF-8: save the file as “CSV UTF-8”.") from None


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput.field("file", sentence)


def problem_of(line: int, event_id: str | None, message: str) -> Problem:
    """A rejection of the API, with the field that it begins with apart."""
    field, separator, reason = message.partition(": ")
    if separator and field.partition(".")[0].partition("[")[0] in COLUMNS:
        return Problem(line, event_id or "", field, reason)
    named = message.partition(" ")[0]
    if named in COLUMNS:
        return Problem(line, event_id or "", named, message)
    lacking = next((name for name in COLUMNS if f"`{name}`" in message), "")
    return Problem(line, event_id or "", lacking, message)


def packed_problems(problems: Sequence[Problem]) -> bytes | None:
    ordered = sorted(problems, key=lambda problem: problem.line)
    return pack(msgspec.json.encode(ordered)) if ordered else None


def unpacked_problems(content: bytes) -> list[Problem]:
    return msgspec.json.decode(unpack(content), type=list[Problem])
