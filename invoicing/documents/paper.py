"""Bands onto sheets of A4: what stands around the text of every page, and the file with its description."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from invoicing.documents.archive import Description, describe
from invoicing.documents.document import DocumentParty
from invoicing.documents.fonts import BOLD, REGULAR
from invoicing.documents.layout import Flow, Placed, Section
from invoicing.documents.sheet import Sheet
from invoicing.documents.style import ALARM, FINE, MARGIN, RULE, STRONG, Branding
from invoicing.documents.text import one_line

rl_config.useA85 = 0  # pages as bytes: a fifth shorter than as letters
_HEADER, _FOOTER = 16 * mm, 17 * mm  # of the pages after the first; room below the text
_BAR = 3 * mm
_WIDTH, _HEIGHT = A4
TEXT_WIDTH = _WIDTH - 2 * MARGIN
_FIRST_PAGE = _HEIGHT - _FOOTER - MARGIN
_LATER_PAGE = _FIRST_PAGE - _HEADER


@dataclass(frozen=True, slots=True)
class Paper:
    """What is printed around the text, on each page."""

    brand: Branding
    head: tuple[str, str]
    """At the left and right ends, from the second page on."""
    foot: str
    stamp: str = ""
    """A word across each page."""


def identity(seller: DocumentParty) -> str:
    """Who a document comes from, for the foot of its pages."""
    parts = (seller.name, f"GSTIN {seller.gstin}" if seller.gstin else "", seller.email, seller.phone)
    return " · ".join(part for part in parts if part)


def paged(sections: Iterable[Section]) -> list[list[Placed]]:
    """The sections on pages, but not drawn."""
    flow = Flow(_FIRST_PAGE, _LATER_PAGE)
    for section in sections:
        flow.add(section)
    return flow.pages


def printed(pages: list[list[Placed]], paper: Paper, description: Description) -> bytes:
    """The pages as a PDF. The fonts have to be registered."""
    output = BytesIO()
    canvas = Canvas(
        output, pagesize=A4, invariant=1, pageCompression=1, initialFontName=REGULAR, lang="en-IN", pdfVersion=(1, 4)
    )
    describe(canvas, description)
    sheet = Sheet(canvas)
    for number, page in enumerate(pages, start=1):
        _furnish(sheet, paper, number, len(pages))
        top = _HEIGHT - MARGIN - (_HEADER if number > 1 else 0)
        for placed in page:
            for mark in placed.band.marks:
                mark.draw(sheet, MARGIN, top - placed.top)
        if paper.stamp:
            sheet.outlined(paper.stamp, BOLD, 190, ALARM)
        sheet.next_page()
    canvas.save()
    return output.getvalue()


def _furnish(sheet: Sheet, paper: Paper, number: int, pages: int) -> None:
    """The brand's bar, the running head and the foot."""
    sheet.fill(0, _HEIGHT - _BAR, _WIDTH, _BAR, paper.brand.colour)
    if number > 1:
        _running_head(sheet, *paper.head)
    sheet.fill(MARGIN, 13 * mm, TEXT_WIDTH, 0.5, RULE)
    page = one_line(paper.brand.wording.page.format(number=number, pages=pages), FINE, TEXT_WIDTH)
    sheet.text(MARGIN, 9 * mm, one_line(paper.foot, FINE, TEXT_WIDTH - page.width - 6 * mm))
    sheet.text(_WIDTH - MARGIN - page.width, 9 * mm, page)


def _running_head(sheet: Sheet, left: str, right: str) -> None:
    top = _HEIGHT - MARGIN
    title = one_line(right, STRONG, TEXT_WIDTH / 2)
    sheet.text(MARGIN, top - 5 * mm, one_line(left, STRONG, TEXT_WIDTH / 2 - 6 * mm))
    sheet.text(_WIDTH - MARGIN - title.width, top - 5 * mm, title)
    sheet.fill(MARGIN, top - 8 * mm, TEXT_WIDTH, 0.5, RULE)
