"""Numbers of documents: each number that a counter gave out is on one document, and no document has another one.

CGST Rule 46 (b) asks for consecutive numbers, once in a financial year. Whole series are looked at, whatever the days:
a number that is missing is missing every day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from billing_platform.lib.database.sql import query
from reconciliation.checks.reading import rows
from reconciliation.findings import Finding, FindingKind, Tally, Window

_BROKEN = query(__file__, "broken_series")
_MISSING = query(__file__, "missing_numbers")
_BEYOND = query(__file__, "numbers_beyond")
_REPEATED = query(__file__, "repeated_numbers")
_COUNT = "SELECT COALESCE(SUM(next_number - 1), 0) FROM invoicing_numbersequence"


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """A gap is nobody's: who asks about one customer hears only of that customer's documents."""
    for finding in _all(window, tally):
        if window.organisation_id in (None, finding.organisation_id):
            yield finding


def _all(window: Window, tally: Tally) -> Iterator[Finding]:
    tally.compared += sum(count for (count,) in rows(_COUNT, {}))
    for registration, series, last, _documents in rows(_BROKEN, {}):
        yield from _broken(window.last, registration, series, last)
    for registration, number, documents in rows(_REPEATED, {}):
        yield Finding(
            FindingKind.NUMBER_REPEATED,
            subject=f"{registration} {number}",
            about=f"Number {number} of {registration}",
            day=window.last,
            expected="one document",
            found=f"{documents} documents",
        )


def _broken(day: date, registration: str, series: str, last: int) -> Iterator[Finding]:
    parameters = {"registration": registration, "series": series, "last": last}
    for first, end in rows(_MISSING, parameters):
        yield Finding(
            FindingKind.NUMBER_MISSING,
            subject=f"{registration} {series} {first}-{end}",
            about=f"Series {series} of {registration}",
            day=day,
            expected="a document for each number that was given out",
            found=f"none has number {first}" if first == end else f"none has the numbers {first} to {end}",
        )
    for number, organisation_id in rows(_BEYOND, parameters):
        yield Finding(
            FindingKind.NUMBER_BEYOND,
            subject=f"{registration} {number}",
            about=f"Document {number} of {registration}",
            day=day,
            expected="a number that its counter gave out",
            found=number,
            organisation_id=organisation_id,
        )
