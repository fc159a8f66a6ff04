"""Noto Sans, embedded so that a document costs no work: the letters that nearly every document needs are cut out and
packed once in a process, and their bytes stand in each of its documents. Rarer letters are cut out for each document.
"""

from __future__ import annotations

import zlib
from functools import cached_property
from typing import Any, NamedTuple

from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.ttfonts import SUBSETN, TTFont, makeToUnicodeCMap

from invoicing.documents.streams import packed_stream

_MORE = "·×–—‘’“”…₹€£¥°©®àáâäçèéêëíîïñóôöúûüß"
STOCK = [0] * 32 + list(range(32, 127)) + [0] + [ord(letter) for letter in _MORE]
"""Code points by the code that a page has for them. ASCII letters stand for themselves: a page's source is readable."""

_CODES = {point: code for code, point in enumerate(STOCK) if point} | {0xA0: 32}
_TO_CODES = str.maketrans({point: chr(code) for point, code in _CODES.items()})
_ESCAPED = str.maketrans(
    {
        point: chr(code) if 32 <= code < 127 and code not in b"()\\" else f"\\{code:03o}"
        for point, code in _CODES.items()
    }
)
_ONLY_STOCK = frozenset(map(chr, _CODES))
_NEXT = 256  # the first code of the subset that a document makes for itself


class _Packed(NamedTuple):
    """A font's file and its way back to Unicode, both compressed; `length` is the font's without that."""

    font: bytes
    length: int
    to_unicode: bytes


class StockFont(TTFont):  # type: ignore[misc]  # ReportLab has no types
    """A TrueType font of ReportLab whose first subset is always the same."""

    def escaped(self, text: str) -> str | None:
        """The text as it stands between the brackets of a PDF string; None if it has a letter of no stock."""
        return text.translate(_ESCAPED) if _ONLY_STOCK.issuperset(text) else None

    def splitString(self, text: str, doc: Any, encoding: str = "utf-8") -> list[tuple[int, bytes]]:
        self._known(doc)
        if _ONLY_STOCK.issuperset(text):
            return [(0, text.translate(_TO_CODES).encode("latin-1"))] if text else []
        pieces: list[tuple[int, bytes]] = super().splitString(text, doc, encoding)
        return pieces

    def getSubsetInternalName(self, subset: int, doc: Any) -> str:
        self._known(doc)
        name: str = super().getSubsetInternalName(subset, doc)
        return name

    def addObjects(self, doc: Any) -> None:
        """Called by ReportLab when the document is written."""
        self._known(doc)
        rare = self.state[doc].subsets[1:]
        self._add_font(doc, 0, STOCK, self._stock)
        for number, subset in enumerate(rare, start=1):
            self._add_font(doc, number, subset, self._pack(number, subset))
        del self.state[doc]

    def _known(self, doc: Any) -> None:
        if doc not in self.state:
            state = self._assignState(doc)
            state.assignments = dict(_CODES)
            state.subsets = [list(STOCK)]
            state.nextCode = _NEXT

    @cached_property
    def _stock(self) -> _Packed:
        return self._pack(0, STOCK)

    def _pack(self, number: int, subset: list[int]) -> _Packed:
        font = self.face.makeSubset(subset)
        cmap = makeToUnicodeCMap(self._name_of(number), subset)
        return _Packed(zlib.compress(font, 9), len(font), zlib.compress(cmap.encode("latin-1"), 9))

    def _name_of(self, number: int) -> str:
        name: str = (SUBSETN(number) + b"+" + self.face.name + self.face.subfontNameX).decode("latin-1")
        return name

    def _add_font(self, doc: Any, number: int, subset: list[int], packed: _Packed) -> None:
        internal, name = self.getSubsetInternalName(number, doc)[1:], self._name_of(number)
        file, cmap = packed_stream(packed.font, Length1=packed.length), packed_stream(packed.to_unicode)
        font = pdfdoc.PDFTrueTypeFont()
        font.Name, font.BaseFont = internal, name
        font.FirstChar, font.LastChar = 0, len(subset) - 1
        font.Widths = pdfdoc.PDFArray([self.face.getCharWidth(point) for point in subset])
        font.ToUnicode = doc.Reference(cmap, f"toUnicodeCMap:{name}")
        font.FontDescriptor = doc.Reference(self._descriptor(doc, name, file), f"fontDescriptor:{name}")
        doc.Reference(font, internal)
        doc.idToObject["BasicFonts"].dict[internal] = font

    def _descriptor(self, doc: Any, name: str, file: Any) -> Any:
        face = self.face
        return pdfdoc.PDFDictionary(
            {
                "Type": "/FontDescriptor",
                "Ascent": face.ascent,
                "CapHeight": face.capHeight,
                "Descent": face.descent,
                "Flags": 4,  # symbolic: the codes are our own
                "FontBBox": pdfdoc.PDFArray(face.bbox),
                "FontName": pdfdoc.PDFName(name),
                "ItalicAngle": face.italicAngle,
                "StemV": face.stemV,
                "FontFile2": doc.Reference(file, f"fontFile:{name}"),
                "MissingWidth": face.defaultWidth,
            }
        )
