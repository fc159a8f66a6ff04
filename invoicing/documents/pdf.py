"""InvoiceDocument to PDF: A4, branded, the same bytes for the same document every time."""

from __future__ import annotations

from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from invoicing.documents import parts
from invoicing.documents.canvas import numbered_canvas
from invoicing.documents.document import InvoiceDocument
from invoicing.documents.fonts import register_fonts
from invoicing.documents.style import MARGIN

_HEADER, _FOOTER = 16 * mm, 17 * mm  # of the pages after the first; room below the text


def render_pdf(document: InvoiceDocument, *, logo: bytes | None = None) -> bytes:
    """The document as PDF. `logo` is the picture that `document.logo` names; without it the seller's name stands."""
    register_fonts()
    output = BytesIO()
    template = BaseDocTemplate(
        output,
        pagesize=A4,
        title=f"{document.title} {document.number}",
        author=document.seller.name,
        subject=f"{document.title} for {document.customer.name}",
        creator="Metrics Billing Platform",
        invariant=1,
        pageCompression=1,
    )
    width, height = A4
    text_width = width - 2 * MARGIN
    first = Frame(MARGIN, _FOOTER, text_width, height - _FOOTER - MARGIN, 0, 0, 0, 0, id="first")
    later = Frame(MARGIN, _FOOTER, text_width, height - _FOOTER - MARGIN - _HEADER, 0, 0, 0, 0, id="later")
    template.addPageTemplates(
        [
            PageTemplate(id="First", frames=[first], autoNextPageTemplate="Later"),
            PageTemplate(id="Later", frames=[later]),
        ]
    )
    template.build(parts.story(document, text_width, logo), canvasmaker=numbered_canvas(document))
    return output.getvalue()
