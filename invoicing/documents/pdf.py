"""InvoiceDocument to PDF: A4, branded, the same bytes for the same document and standing every time."""

from __future__ import annotations

from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate
from reportlab.platypus.doctemplate import LayoutError

from invoicing.documents import parts
from invoicing.documents.canvas import numbered_canvas
from invoicing.documents.document import InvoiceDocument
from invoicing.documents.fonts import register_fonts
from invoicing.documents.ordinary import is_ordinary
from invoicing.documents.standing import AS_ISSUED, Stage, Standing
from invoicing.documents.style import MARGIN

_HEADER, _FOOTER = 16 * mm, 17 * mm  # of the pages after the first; room below the text
_WIDTH, _HEIGHT = A4
_TEXT_WIDTH = _WIDTH - 2 * MARGIN
_FIRST_PAGE = _HEIGHT - _FOOTER - MARGIN
_LATER_PAGE = _FIRST_PAGE - _HEADER


def render_pdf(document: InvoiceDocument, *, logo: bytes | None = None, standing: Standing = AS_ISSUED) -> bytes:
    """The document as PDF. `logo` is the picture that `document.logo` names; without it the seller's name stands."""
    register_fonts()
    output = BytesIO()
    void = " (void)" if standing.stage == Stage.VOID else ""
    template = BaseDocTemplate(
        output,
        pagesize=A4,
        title=f"{document.title} {document.number}{void}",
        author=document.seller.name,
        subject=f"{document.title} for {document.customer.name}",
        creator="Metrics Billing Platform",
        invariant=1,
        pageCompression=1,
    )
    first = Frame(MARGIN, _FOOTER, _TEXT_WIDTH, _FIRST_PAGE, 0, 0, 0, 0, id="first")
    later = Frame(MARGIN, _FOOTER, _TEXT_WIDTH, _LATER_PAGE, 0, 0, 0, 0, id="later")
    template.addPageTemplates(
        [
            PageTemplate(id="First", frames=[first], autoNextPageTemplate="Later"),
            PageTemplate(id="Later", frames=[later]),
        ]
    )
    template.build(parts.story(document, _TEXT_WIDTH, logo, standing), canvasmaker=numbered_canvas(document, standing))
    return output.getvalue()


def check_layout(document: InvoiceDocument) -> None:
    """Make sure that the document can be laid out. Raises LayoutError, naming the part, or what else prevents it.

    An ordinary document can be: it is smaller in every part than one that the tests lay out. So only the first one of
    a process is laid out, which finds what is wrong with the machine; and every one that is not ordinary. The fonts
    are loaded as for drawing.
    """
    register_fonts()
    if _Checked.once and is_ordinary(document):
        return
    lay_out(document)
    _Checked.once = True


class _Checked:
    """Whether this process has laid out a document."""

    once = False


def lay_out(document: InvoiceDocument) -> None:
    """Lay the document out without drawing it: a third of the time of drawing. Raises as `check_layout` does.

    Whatever may be long goes on on the next page; the rest has to fit on one.
    """
    for part in parts.story(document, _TEXT_WIDTH, None, AS_ISSUED):
        _width, height = part.wrapOn(None, _TEXT_WIDTH, _LATER_PAGE)
        if height > _LATER_PAGE and not part.splitOn(None, _TEXT_WIDTH, _LATER_PAGE):
            raise LayoutError(f"{type(part).__name__} of {height:.0f} points is longer than a page.")
