"""How an import of usage stands, and what was wrong with its rows."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, Sum

from events.models import UsageImport
from events.wire import import_files

NOT_STORED = "(not stored any more)"


def progress(row: UsageImport) -> dict[str, int]:
    """How many rows were looked at, accepted, bad and settled so far."""
    sums = row.parts.aggregate(
        rows_done=Sum("row_count", filter=Q(accepted__isnull=False), default=0),
        **{name: Sum(name, default=0) for name in ("accepted", "bad", "counted", "duplicates", "dead_lettered")},
    )
    return {name: int(value) for name, value in sums.items()}


def problem_rows(row: UsageImport) -> Iterator[tuple[str | int, ...]]:
    """The rows of the file of problems: line, field, reason, event id, and the row as it was sent while the file is
    stored. The header first."""
    yield ("line", "field", "reason", "event_id", "original")
    parts = row.parts.filter(packed_problems__isnull=False).order_by("number")
    for part in parts.iterator(chunk_size=4):
        problems = import_files.unpacked_problems(bytes(part.packed_problems))
        wanted = {problem.line for problem in problems}
        originals = {}
        if part.packed_lines is not None:
            lines = import_files.unpack(bytes(part.packed_lines))
            numbered = import_files.numbered_lines(lines, part.first_line, row.file_format)
            originals = {number: line.decode() for number, line in numbered if number in wanted}
        for problem in problems:
            original = originals.get(problem.line, NOT_STORED)
            yield (problem.line, problem.field, problem.reason, problem.event_id, original)
