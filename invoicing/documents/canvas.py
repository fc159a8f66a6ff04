"""What stands on every page around the text: the brand's bar, the running header, the foot, and VOID across it."""

from __future__ import annotations

from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from invoicing.documents.document import InvoiceDocument
from invoicing.documents.fonts import BOLD, REGULAR
from invoicing.documents.standing import Stage, Standing
from invoicing.documents.style import INK, MARGIN, MUTED, RULE, SMALL, STRONG
from invoicing.documents.text import draw_line

_WIDTH, _HEIGHT = A4
_BAR = 3 * mm
_STAMP = Color(0.75, 0.1, 0.1, alpha=0.16)  # what it lies on can still be read
_FOOT = ParagraphStyle("foot", parent=SMALL, fontSize=7, leading=7)
_HEAD = ParagraphStyle("head", parent=STRONG, leading=8.5)


def numbered_canvas(document: InvoiceDocument, standing: Standing) -> type[Canvas]:
    """A canvas that knows, when a page is finally written, how many there are."""

    class NumberedCanvas(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                _furnish(self, document, number, len(self._pages))
                if standing.stage == Stage.VOID:
                    _stamp(self, "VOID")
                super().showPage()
            super().save()

    return NumberedCanvas


def _furnish(canvas: Canvas, document: InvoiceDocument, number: int, pages: int) -> None:
    canvas.setFillColor(HexColor(document.brand_colour))
    canvas.rect(0, _HEIGHT - _BAR, _WIDTH, _BAR, stroke=0, fill=1)
    if number > 1:
        _running_header(canvas, document)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, 13 * mm, _WIDTH - MARGIN, 13 * mm)
    canvas.setFont(REGULAR, 7)
    canvas.setFillColor(MUTED)
    page_text = f"Page {number} of {pages}"
    canvas.drawRightString(_WIDTH - MARGIN, 9 * mm, page_text)
    seller = document.seller
    identity = [seller.name, f"GSTIN {seller.gstin}" if seller.gstin else "", seller.email, seller.phone]
    room = _WIDTH - 2 * MARGIN - stringWidth(page_text, REGULAR, 7) - 6 * mm
    draw_line(canvas, MARGIN, 9 * mm, " · ".join(part for part in identity if part), _FOOT, room=room)


def _running_header(canvas: Canvas, document: InvoiceDocument) -> None:
    top = _HEIGHT - MARGIN
    draw_line(canvas, MARGIN, top - 5 * mm, document.seller.name, _HEAD, room=_WIDTH / 2)
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 8.5)
    canvas.drawRightString(_WIDTH - MARGIN, top - 5 * mm, f"{document.title} {document.number}")
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, top - 8 * mm, _WIDTH - MARGIN, top - 8 * mm)


def _stamp(canvas: Canvas, word: str) -> None:
    """Across the page from corner to corner, over what is printed there."""
    size = 190
    canvas.saveState()
    canvas.setFillColor(_STAMP)
    canvas.setFont(BOLD, size)
    canvas.translate(_WIDTH / 2, _HEIGHT / 2)
    canvas.rotate(52)
    canvas.drawCentredString(0, -size * 0.36, word)
    canvas.restoreState()
