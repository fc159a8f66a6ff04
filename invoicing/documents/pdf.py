"""InvoiceDocument to PDF: A4, branded, the same bytes for the same document and standing every time."""

from __future__ import annotations

from io import BytesIO

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from invoicing.documents.archive import describe
from invoicing.documents.document import InvoiceDocument
from invoicing.documents.fonts import BOLD, REGULAR, register_fonts
from invoicing.documents.layout import Flow, Placed
from invoicing.documents.ordinary import is_ordinary
from invoicing.documents.parts import sections
from invoicing.documents.sheet import Sheet
from invoicing.documents.standing import AS_ISSUED, Stage, Standing
from invoicing.documents.style import ALARM, FINE, INK, MARGIN, RULE, Branding, Type
from invoicing.documents.text import one_line

rl_config.useA85 = 0  # pages as bytes: a fifth shorter than as letters
_HEADER, _FOOTER = 16 * mm, 17 * mm  # of the pages after the first; room below the text
_BAR = 3 * mm
_WIDTH, _HEIGHT = A4
_TEXT_WIDTH = _WIDTH - 2 * MARGIN
_FIRST_PAGE = _HEIGHT - _FOOTER - MARGIN
_LATER_PAGE = _FIRST_PAGE - _HEADER
_HEAD = Type(bold=True, colour=INK)


def render_pdf(
    document: InvoiceDocument,
    *,
    logo: bytes | None = None,
    standing: Standing = AS_ISSUED,
    branding: Branding | None = None,
) -> bytes:
    """The document as PDF. `logo` is the picture that `document.logo` names; without it the seller's name stands.

    Raises FontMissing where it has letters of a script whose font this machine has no more.
    """
    register_fonts()
    brand = branding or Branding(colour=document.brand_colour)
    pages = lay_out(document, brand=brand, logo=logo, standing=standing)
    output = BytesIO()
    canvas = Canvas(
        output, pagesize=A4, invariant=1, pageCompression=1, initialFontName=REGULAR, lang="en-IN", pdfVersion=(1, 7)
    )
    describe(canvas, document, is_void=standing.stage == Stage.VOID)
    sheet = Sheet(canvas)
    for number, page in enumerate(pages, start=1):
        _furnish(sheet, document, brand, number, len(pages))
        top = _HEIGHT - MARGIN - (_HEADER if number > 1 else 0)
        for placed in page:
            for mark in placed.band.marks:
                mark.draw(sheet, MARGIN, top - placed.top)
        if standing.stage == Stage.VOID:
            sheet.outlined("VOID", BOLD, 190, ALARM)
        sheet.next_page()
    canvas.save()
    return output.getvalue()


def check_layout(document: InvoiceDocument) -> None:
    """Make sure that the document can be laid out. Raises whatever prevents it.

    An ordinary document can be: it has nothing that those of the tests don't have. So only the first one of a process
    is laid out, which finds what is wrong with the machine; and every one that is not ordinary. The fonts are loaded
    as for drawing.
    """
    register_fonts()
    if _Checked.once and is_ordinary(document):
        return
    lay_out(document)
    _Checked.once = True


class _Checked:
    """Whether this process has laid out a document."""

    once = False


def lay_out(
    document: InvoiceDocument,
    *,
    brand: Branding | None = None,
    logo: bytes | None = None,
    standing: Standing = AS_ISSUED,
) -> list[list[Placed]]:
    """The document on pages, but not drawn."""
    brand = brand or Branding(colour=document.brand_colour)
    flow = Flow(_FIRST_PAGE, _LATER_PAGE)
    for section in sections(document, brand, _TEXT_WIDTH, logo, standing):
        flow.add(section)
    return flow.pages


def _furnish(sheet: Sheet, document: InvoiceDocument, brand: Branding, number: int, pages: int) -> None:
    """What stands on every page around the text: the brand's bar, the running header and the foot."""
    sheet.fill(0, _HEIGHT - _BAR, _WIDTH, _BAR, brand.colour)
    if number > 1:
        _running_header(sheet, document)
    sheet.fill(MARGIN, 13 * mm, _TEXT_WIDTH, 0.5, RULE)
    page = one_line(f"Page {number} of {pages}", FINE, _TEXT_WIDTH)
    seller = document.seller
    identity = (seller.name, f"GSTIN {seller.gstin}" if seller.gstin else "", seller.email, seller.phone)
    foot = brand.footer or " · ".join(part for part in identity if part)
    sheet.text(MARGIN, 9 * mm, one_line(foot, FINE, _TEXT_WIDTH - page.width - 6 * mm))
    sheet.text(_WIDTH - MARGIN - page.width, 9 * mm, page)


def _running_header(sheet: Sheet, document: InvoiceDocument) -> None:
    top = _HEIGHT - MARGIN
    title = one_line(f"{document.title} {document.number}", _HEAD, _TEXT_WIDTH / 2)
    sheet.text(MARGIN, top - 5 * mm, one_line(document.seller.name, _HEAD, _TEXT_WIDTH / 2 - 6 * mm))
    sheet.text(_WIDTH - MARGIN - title.width, top - 5 * mm, title)
    sheet.fill(MARGIN, top - 8 * mm, _TEXT_WIDTH, 0.5, RULE)
