"""How a seller's documents look: what a released template says, frozen on each document that is issued with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ENGLISH: Final = "en"
ENGLISH_AND_HINDI: Final = "en+hi"
LANGUAGES: Final = ((ENGLISH, "English"), (ENGLISH_AND_HINDI, "English and Hindi labels"))

FONTS: Final = (("sans", "Noto Sans"), ("system", "The reader's own sans-serif"), ("serif", "Serif"))
"""Of the page and the e-mail. A PDF always has Noto Sans, which is embedded in it."""


@dataclass(frozen=True, slots=True)
class Look:
    """The defaults are the look of a document without template."""

    version: str = ""
    """The id of the released version; empty: none, the built-in page."""
    language: str = ENGLISH
    font: str = "sans"
    footer: str = ""
    """Stands at the foot instead of the seller's name and addresses."""
    shows_quantities: bool = True
    shows_working: bool = True
    """The steps under a line: tiers, shares of projects."""
    shows_bank: bool = True


BUILT_IN_LOOK: Final = Look()


@dataclass(frozen=True, slots=True)
class Template:
    """The released version that a customer's next documents are issued with."""

    look: Look
    colour: str = ""
    """Empty: the seller's."""
    logo: str = ""
    """Name in the default storage; empty: the seller's."""
    notes: str = ""
    """Printed on invoices, under those of the invoice itself."""
