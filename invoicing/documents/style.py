"""Type, colours and measures of the documents, and what a brand chooses of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from reportlab.lib.units import mm

from billing_platform.lib.colours import INK, WHITE, readable_on
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import format_percent
from invoicing.documents.wording import ENGLISH, Wording

MARGIN = 16 * mm
INSET = 4
"""Between the edge of a table's cell and what stands in it."""
MUTED = "#5c6670"
RULE = "#d5dae0"
SHADE = "#f4f6f8"
ALARM = "#b3261e"


class Align(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Type:
    """How a text is set; sizes in points."""

    size: float = 8.5
    leading: float = 12
    bold: bool = False
    colour: str = INK


BODY = Type()
STRONG = Type(bold=True)
SMALL = Type(size=7.5, leading=10.5, colour=MUTED)
LABEL = Type(size=7, leading=10, bold=True, colour=MUTED)
FINE = Type(size=7, leading=9, colour=MUTED)


@dataclass(frozen=True, slots=True)
class Branding:
    """What a seller chooses of the look of its documents."""

    colour: str = "#1f4e79"
    wording: Wording = ENGLISH
    footer: str = ""
    """At the foot of every page, instead of the seller's name, GSTIN and addresses."""
    shows_quantities: bool = True
    """The columns of quantity and unit price."""
    shows_working: bool = True
    """The steps under a line."""
    shows_bank: bool = True

    @property
    def on_colour(self) -> str:
        """White or ink, whichever can be read on the brand's colour."""
        return readable_on(self.colour)

    @property
    def ink(self) -> str:
        """The brand's colour for type on white paper; ink where it is too light to be read."""
        return self.colour if self.on_colour == WHITE else INK


def percent(rate: Decimal) -> str:
    """18.000 is 18% on paper."""
    return format_percent(rate)


def day(value: date) -> str:
    return day_text(value)
