"""Statements as a file, to be handed to an auditor or published: one JSON object a line, contents word for word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date

from billing_platform.lib.errors import InvalidInput
from reconciliation.models import DailyStatement
from reconciliation.proof.content import Unreadable, read
from reconciliation.proving.chain import Exported, statements

NAME = "statements.ndjson"
MEDIA_TYPE = "application/x-ndjson"


def lines(first: date | None = None, last: date | None = None) -> Iterator[str]:
    """The statements of these days in order; all of them without days."""
    for statement in statements():
        if (first is None or statement.day >= first) and (last is None or statement.day <= last):
            yield _line(statement)


def _line(statement: DailyStatement) -> str:
    said = {
        "content": statement.content,
        "hash": statement.hash,
        "signature": statement.signature,
        "key": statement.key_id,
    }
    return json.dumps(said, separators=(",", ":")) + "\n"


def parsed(text: Iterable[str]) -> Iterator[Exported]:
    """Raises InvalidInput for a line that is not a statement, and for a file without any: it would prove nothing."""
    found = False
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            content = read(said["content"])
            found = True
            yield Exported(content.number, content.day, said["content"], said["signature"])
        except (ValueError, KeyError, TypeError, Unreadable):
            raise InvalidInput.field("file", f"Line {number} of the file is not a statement.") from None
    if not found:
        raise InvalidInput.field("file", "The file holds no statement.")
