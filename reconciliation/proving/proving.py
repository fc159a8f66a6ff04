"""Prove a window of days from a database or a copy of it: the chain, then each day's trees. It only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.database.parts import in_parts
from billing_platform.lib.errors import NotFound
from invoicing.models import CreditNote, Invoice
from invoicing.services.stored_pdfs import FileState, StoredPdf, check
from reconciliation.models import DailyStatement
from reconciliation.proof.content import Unreadable
from reconciliation.proving.chain import Difference, Exported, broken_links, unlike_the_file
from reconciliation.proving.comparing import Proven, differences
from reconciliation.proving.trees import utc_day

_WORDS = {FileState.CHANGED: "was changed", FileState.LOST: "is lost", FileState.UNREAD: "can't be read"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What to prove. The chain is always looked at as a whole: a link proves nothing without those before it."""

    first: date | None = None
    last: date | None = None
    organisation_id: UUID | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    exported: Iterable[Exported] = ()
    with_files: bool = False


def statements_of(asked: Asked) -> list[DailyStatement]:
    """The statements of the window, without their content being checked. Raises NotFound if there is none."""
    found = DailyStatement.objects.order_by("number")
    if asked.first is not None:
        found = found.filter(day__gte=asked.first)
    if asked.last is not None:
        found = found.filter(day__lte=asked.last)
    statements = list(found)
    if not statements:
        raise NotFound("There is no statement of these days.")
    return statements


def prove(
    asked: Asked, proven: Proven, *, statements: list[DailyStatement], step: Callable[[], None] = lambda: None
) -> Iterator[Difference]:
    """What is not as it was stated: the chain, the file, then each day in order. `step` is called after each."""
    yield from unlike_the_file(iter(asked.exported), asked.keys)
    yield from broken_links(asked.keys)
    for statement in statements:
        with consistent_read():
            yield from _day(statement, asked, proven)
        step()


def _day(statement: DailyStatement, asked: Asked, proven: Proven) -> Iterator[Difference]:
    try:
        yield from differences(statement, asked.organisation_id, proven)
    except Unreadable:
        return  # said of the chain already
    if asked.with_files:
        yield from _files(statement.day, asked.organisation_id)


def _files(day: date, organisation_id: UUID | None) -> Iterator[Difference]:
    """Stored PDFs of the day's documents that are not what was stored."""
    start, end = utc_day(day)
    invoices = Invoice.objects.exclude(number="").filter(finalized_at__gte=start, finalized_at__lt=end)
    notes = CreditNote.objects.filter(created_at__gte=start, created_at__lt=end)
    for rows in (invoices, notes):
        stored = rows.exclude(pdf="").order_by("pk")
        for document in in_parts(stored if organisation_id is None else stored.filter(organisation=organisation_id)):
            found = check(StoredPdf.of(document))
            if found.state in _WORDS:
                yield Difference(day, f"The stored PDF of {document.number} {_WORDS[found.state]}.")
