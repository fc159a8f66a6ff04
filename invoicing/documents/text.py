"""How text from outside becomes a paragraph: no markup in it counts, and each script is drawn by its own font.

ReportLab shapes a word with the font of its first letter, so a word of two scripts would come out as boxes. Here a
word is cut where its font changes, and each part is shaped by itself. Latin text stays unshaped: it can be searched
for and copied from the PDF.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfbase.ttfonts import makeShapedFragWord, shapeFragWord
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph
from reportlab.platypus.paragraph import _getFragWords, _processed_frags

from billing_platform.lib.printable_text import SCRIPTS, is_printable
from invoicing.documents.fonts import BOLD, script_font

_JOINERS = frozenset("\u200c\u200d")  # belong to the script that they stand in
_DANDAS = frozenset("\u0964\u0965")  # end a sentence in several scripts
_MISSING = "\ufffd"  # where a document from before the check holds a letter that no font has
_MARKS = ((0x0300, 0x036F), (0x0483, 0x0489), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
_TO_SHAPE = re.compile("[" + "".join(f"{chr(a)}-{chr(b)}" for a, b in (*SCRIPTS.values(), *_MARKS)) + "]")
"""Letters that change with their neighbours, and marks that stand over or under the letter before them."""


def safe(text: str, *, bold: bool = False) -> str:
    """Text from outside for ReportLab's markup: nothing in it is a tag, a link or an image."""
    parts = []
    for script, run in _runs(_drawable(text)):
        markup = escape(run).replace("\n", "<br/>")
        parts.append(f'<font name="{script_font(script, bold=bold)}">{markup}</font>' if script else markup)
    return "".join(parts)


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return marked_up(safe(text, bold=style.fontName == BOLD), style)


def marked_up(markup: str, style: ParagraphStyle) -> Paragraph:
    """A paragraph of markup that is ours; text from outside goes through `safe` into it."""
    return _Paragraph(markup, style) if _TO_SHAPE.search(markup) else Paragraph(markup, style)


def draw_line(canvas: Canvas, x: float, y: float, text: str, style: ParagraphStyle, *, room: float) -> None:
    """One line straight onto the page, cut with an ellipsis where it would run into its neighbour."""
    line = paragraph(_fitted(_drawable(text), style, room), style)
    line.wrap(room * 1.5, style.leading)  # it fits, and what is joined is narrower still
    line.drawOn(canvas, x, y - style.leading + style.fontSize)


def _fitted(text: str, style: ParagraphStyle, room: float) -> str:
    if _width(text, style) <= room:
        return text
    while text and _width(f"{text}…", style) > room:
        text = text[:-1]
    return f"{text}…"


def _width(text: str, style: ParagraphStyle) -> float:
    """As if nothing were joined: a little too wide for some scripts, never too narrow."""
    bold = style.fontName == BOLD
    width: float = sum(
        stringWidth(run, script_font(script, bold=bold) if script else style.fontName, style.fontSize)
        for script, run in _runs(text)
    )
    return width


def _drawable(text: str) -> str:
    """Composed letters, only such as we have; control characters and direction marks leave no trace."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return "".join(_drawable_character(character) for character in composed)


@lru_cache(maxsize=4096)
def _drawable_character(character: str) -> str:
    if is_printable(character) or character == "\n":
        return character
    if character == "\t":
        return " "
    return "" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else _MISSING


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """The text in parts of one script each; the script is empty where Noto Sans draws it."""
    if text.isascii():
        yield "", text
        return
    script, run = "", ""
    for character in text:
        found = script if script and (character in _JOINERS or character in _DANDAS) else _script_of(character)
        if found != script and run:
            yield script, run
            run = ""
        script, run = found, run + character
    yield script, run


def _script_of(character: str) -> str:
    code = ord(character)
    return next((script for script, (first, last) in SCRIPTS.items() if first <= code <= last), "")


class _Paragraph(Paragraph):  # type: ignore[misc]
    """A paragraph whose words are shaped part by part before its lines are broken."""

    frags: Any  # words, once they are shaped

    def breakLines(self, width: Any) -> Any:
        if not _processed_frags(self.frags):
            widest = width if isinstance(width, int | float) else max(width)
            self.frags = [_shaped(word) for word in _getFragWords(self.frags, widest)]
        return super().breakLines(width)


def _shaped(word: Any) -> Any:
    """A word of ReportLab's, `[width, (fragment, text), …]`, with its letters joined where that is needed."""
    if not any(_needs_shaping(fragment, text) for fragment, text in word[1:]):
        return word
    width, pieces = 0.0, []
    for font, members in groupby(word[1:], key=lambda piece: piece[0].fontName):
        part = list(members)
        plain = sum(stringWidth(text, font, fragment.fontSize) for fragment, text in part)
        if any(_needs_shaping(fragment, text) for fragment, text in part):
            shaped = shapeFragWord([plain, *part])
        else:
            shaped = [plain, *part]
        width += shaped[0]
        pieces += shaped[1:]
    return makeShapedFragWord(word)([width, *pieces])


def _needs_shaping(fragment: Any, text: str) -> bool:
    return bool(text) and not hasattr(fragment, "cbDefn") and _TO_SHAPE.search(text) is not None
