"""Marks onto the pages of a ReportLab canvas.

Most of a document is short lines of Latin text and rectangles. They are written as the operators that they are, with
two decimals, which are a hundredth of a point; everything else goes through the canvas.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.pdfmetrics import getFont
from reportlab.pdfgen.canvas import Canvas

from billing_platform.lib.colours import INK
from invoicing.documents.embedding import StockFont
from invoicing.documents.pictures import PackedPicture, packed
from invoicing.documents.qr import packed_code
from invoicing.documents.streams import stream
from invoicing.documents.style import Type
from invoicing.documents.text import Line, Piece


class Sheet:
    """Places are in points from the lower left corner of the page."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self._write = canvas._code.append
        self._fonts: dict[str, str] = {}

    def next_page(self) -> None:
        self.canvas.showPage()
        self._write = self.canvas._code.append

    def text(self, x: float, y: float, line: Line) -> None:
        """A line of text; `y` is its baseline."""
        for piece in line.pieces:
            if piece.letters or (escaped := self._escaped(piece)) is None:
                self._any_text(x, y, piece, line.style)
            else:
                size, font = line.style.size, self._internal_name(piece.font)
                colour = _operands(line.style.colour)
                self._write(f"BT {colour} rg {font} {size} Tf {x:.2f} {y:.2f} Td ({escaped}) Tj ET")
            x += piece.width

    def fill(self, x: float, y: float, width: float, height: float, colour: str, radius: float = 0) -> None:
        if radius:
            self.canvas.setFillColor(HexColor(colour))
            self.canvas.roundRect(x, y, width, height, radius, stroke=0, fill=1)
        else:
            self._write(f"{_operands(colour)} rg {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f")

    def code(self, x: float, y: float, side: float, content: str) -> None:
        """A QR code as a stencil: one bit for each module, which no viewer smears."""
        code = packed_code(content)
        self._write(
            f"q {_operands(INK)} rg {side:.2f} 0 0 {side:.2f} {x:.2f} {y:.2f} cm "
            f"BI /W {code.modules} /H {code.modules} /IM true /BPC 1 /F /AHx ID {code.bits.hex()}> EI Q"
        )

    def picture(self, x: float, y: float, width: float, height: float, content: bytes) -> None:
        picture = packed(content)
        doc, name = self.canvas._doc, picture.name
        if not doc.hasForm(name):
            doc.Reference(_image(picture), doc.getXObjectName(name))
        self.canvas._formsinuse.append(name)
        self._write(f"q {width:.2f} 0 0 {height:.2f} {x:.2f} {y:.2f} cm /{doc.getXObjectName(name)} Do Q")

    def link(self, x: float, y: float, width: float, height: float, url: str) -> None:
        self.canvas.linkURL(url, (x, y, x + width, y + height), F=4)  # printed with the page: PDF/A asks for it

    def outlined(self, word: str, font: str, size: float, colour: str) -> None:
        """A word over the middle of the page from corner to corner; what is under it can still be read."""
        canvas, (width, height) = self.canvas, self.canvas._pagesize
        canvas.saveState()
        canvas.setStrokeColor(HexColor(colour))
        canvas.setLineWidth(1.6)
        canvas.setFont(font, size)
        canvas.translate(width / 2, height / 2)
        canvas.rotate(52)
        canvas.drawCentredString(0, -size * 0.36, word, mode=1)
        canvas.restoreState()

    def _escaped(self, piece: Piece) -> str | None:
        font = getFont(piece.font)
        return font.escaped(piece.text) if isinstance(font, StockFont) else None

    def _internal_name(self, font: str) -> str:
        if font not in self._fonts:
            self._fonts[font] = getFont(font).getSubsetInternalName(0, self.canvas._doc)
        return self._fonts[font]

    def _any_text(self, x: float, y: float, piece: Piece, style: Type) -> None:
        """Text of any letters. Where it is glyphs, what it says stands with it for whoever searches or copies."""
        text = self.canvas.beginText(x, y)
        text.setFillColor(HexColor(style.colour))
        text.setFont(piece.font, style.size, style.leading)
        if piece.letters:
            self._write(f"/Span <</ActualText <feff{piece.letters.encode('utf-16-be').hex()}>>> BDC")
        text.textOut(piece.text)
        self.canvas.drawText(text)
        if piece.letters:
            self._write("EMC")


@lru_cache(maxsize=256)
def _operands(colour: str) -> str:
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3f}" for at in (1, 3, 5))


def _image(picture: PackedPicture) -> Any:
    return stream(
        picture.content,
        Type=pdfdoc.PDFName("XObject"),
        Subtype=pdfdoc.PDFName("Image"),
        Width=picture.width,
        Height=picture.height,
        BitsPerComponent=8,
        ColorSpace=pdfdoc.PDFName("DeviceRGB"),
        Filter=pdfdoc.PDFName(picture.filter),
    )
