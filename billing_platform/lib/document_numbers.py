"""How the number of a tax document is written: prefix, financial year, running number, such as INV/26-27/000123.

CGST Rule 46 (b) allows 16 letters, digits, hyphens and slashes, and a series for each financial year. What stands
before the running number ends with a separator. So the numbers of two different series are never the same text,
whatever prefix, year and width are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing_platform.lib.gst import validate_document_number
from billing_platform.lib.periods import financial_year, financial_year_start

NUMBER_LENGTH = 16  # characters of a number (CGST Rule 46 (b))
SERIES_LENGTH = NUMBER_LENGTH - 1  # characters before the running number
PREFIX_LENGTH = 11  # characters of a prefix: two separators, two of the year and one of the number must fit
MAX_WIDTH = 9  # digits of a running number that a counter holds

SEPARATORS = {"/": "Slash: INV/26-27/000123", "-": "Hyphen: INV-26-27-000123"}
# A code is as long as what it stands for: constraints of the database count its characters.
YEARS = {"yy-nn": "26-27", "yynn": "2627", "yyyy-nn": "2026-27", "yy": "26: the year it begins in"}


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """The seller's way to write numbers. `width`: a shorter running number gets zeros before it."""

    separator: str = "/"
    year: str = "yy-nn"
    width: int = 6

    def series(self, prefix: str, on: date) -> str:
        """What stands before the running number on a day: "INV/26-27/"."""
        return f"{prefix}{self.separator}{self._year(on)}{self.separator}"

    def text(self, series: str, number: int) -> str:
        """The whole number. Raises GstError if rule 46 does not allow it."""
        return validate_document_number(f"{series}{number:0{self.width}d}")

    def _year(self, on: date) -> str:
        first, following = financial_year(on).split("-")
        texts = {
            "yy-nn": f"{first}-{following}",
            "yynn": first + following,
            "yyyy-nn": f"{financial_year_start(on).year}-{following}",
            "yy": first,
        }
        return texts[self.year]


def last_number(series: str) -> int:
    """The greatest running number for which rule 46 leaves digits."""
    return int("9" * min(NUMBER_LENGTH - len(series), MAX_WIDTH))
