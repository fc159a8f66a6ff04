"""Whether the numbers of documents have no gaps: what each counter gave, set against the numbered documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, Q, Value

from billing_platform.lib.document_numbers import last_number
from invoicing.models import CreditNote, Invoice, NumberSequence
from invoicing.models.invoice import REGISTRATION
from invoicing.models.number_sequence import NEARLY_FULL

DOCUMENTS: dict[str, Any] = {NumberSequence.Kind.INVOICE: Invoice, NumberSequence.Kind.CREDIT_NOTE: CreditNote}
"""Whose numbers the counters of a kind gave."""

NAMED = 20
"""How many missing numbers are named."""


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """One series: its documents with a number, those of them that are void, and the numbers that no document has.

    `first` and `last` are numbers as printed, empty in a series without documents. `left` is how many more numbers
    rule 46 allows.
    """

    sequence: NumberSequence
    first: str = ""
    last: str = ""
    issued: int = 0
    void: int = 0
    missing: tuple[int, ...] = ()
    missing_count: int = 0

    @property
    def left(self) -> int:
        return last_number(self.sequence.series) - self.sequence.next_number + 1

    @property
    def is_nearly_full(self) -> bool:
        """As NumberSequenceQuerySet.nearly_full asks it."""
        return self.left * NEARLY_FULL < last_number(self.sequence.series) + 1

    @property
    def agrees(self) -> bool:
        """Every number that the counter gave is on one document, and no document has another."""
        return not self.missing_count and self.issued == self.sequence.next_number - 1


def series_reports(sequences: Iterable[NumberSequence]) -> list[SeriesReport]:
    """In the order of the counters; three queries for each kind of document."""
    wanted = list(sequences)
    numbered = {kind: _numbered(kind, [each for each in wanted if each.kind == kind]) for kind in DOCUMENTS}
    return [_report(each, numbered.get(each.kind, {}).get((each.registration, each.series))) for each in wanted]


def _numbered(kind: str, sequences: list[NumberSequence]) -> dict[tuple[str, str], dict[str, Any]]:
    """Of each series: first, last, how many documents, how many of them void."""
    if not sequences:
        return {}
    documents = _documents(kind, sequences)
    may_be_void = kind == NumberSequence.Kind.INVOICE  # a credit note is never taken back
    void = Count("pk", filter=Q(status="void")) if may_be_void else Value(0)
    sums = documents.values("registration", "series").annotate(
        count=Count("pk"), void=void, first=Min("sequence_number"), last=Max("sequence_number")
    )
    found = {(row["registration"], row["series"]): dict(row) for row in sums}
    ends = Q(pk=None)
    for (registration, series), row in found.items():
        ends |= Q(registration=registration, series=series, sequence_number__in=[row["first"], row["last"]])
    texts = documents.filter(ends).values_list("registration", "series", "sequence_number", "number")
    for registration, series, running, number in texts:
        row = found[registration, series]
        row |= {f"{end}_text": number for end in ("first", "last") if row[end] == running}
    return found


def _documents(kind: str, sequences: list[NumberSequence]) -> Any:
    return (
        DOCUMENTS[kind]
        .objects.filter(sequence_number__isnull=False, series__in={each.series for each in sequences})
        .annotate(registration=REGISTRATION)
        .filter(registration__in={each.registration for each in sequences})
        .order_by()
    )


def _report(sequence: NumberSequence, row: dict[str, Any] | None) -> SeriesReport:
    given = sequence.next_number - 1
    if row is None:
        return SeriesReport(sequence, missing=tuple(range(1, min(given, NAMED) + 1)), missing_count=given)
    is_whole = (row["first"], row["last"], row["count"]) == (1, given, given)
    missing = () if is_whole else tuple(_missing(sequence))
    return SeriesReport(
        sequence, row["first_text"], row["last_text"], row["count"], row["void"], missing[:NAMED], len(missing)
    )


def _missing(sequence: NumberSequence) -> Iterator[int]:
    taken = set(_documents(sequence.kind, [sequence]).values_list("sequence_number", flat=True))
    return (number for number in range(1, sequence.next_number) if number not in taken)
