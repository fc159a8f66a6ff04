"""How text from outside becomes lines: measured, broken, and each script drawn by its own font.

Latin letters are drawn as they are. Letters that change with their neighbours are shaped: what is drawn then are
glyphs, and the letters stand beside them, so that the text can be searched for and copied.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from reportlab.pdfbase.pdfmetrics import getFont
from reportlab.pdfbase.ttfonts import ShapedStr, shapeStr

from billing_platform.lib.printable_text import installable_script, is_printable, script_of
from invoicing.documents.fonts import BOLD, REGULAR, FontMissing, script_font
from invoicing.documents.style import Type

_JOINERS = frozenset("\u200c\u200d")  # belong to the script that they stand in
_MISSING = "\ufffd"  # where a document from before the check holds a letter that no font has
_ELLIPSIS = "…"
_BREAKABLE = re.compile(r"[^-/_.@·]*[-/_.@·]|[^-/_.@·]+")
"""Parts of a word after which a line may end."""
_PLAIN = re.compile("[\x20-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20c0]*")
_MARK = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
"""Over or under the letter before them."""


class Piece(NamedTuple):
    """A part of a line in one font. `letters` says what is written where `text` is glyphs."""

    font: str
    text: str
    width: float
    letters: str = ""


class Line(NamedTuple):
    pieces: tuple[Piece, ...]
    width: float
    style: Type


class _Word(NamedTuple):
    pieces: tuple[Piece, ...]
    width: float
    letters: str


@lru_cache(maxsize=4096)
def wrapped(text: str, style: Type, room: float) -> tuple[Line, ...]:
    """The text in lines no wider than the room, in points. A word that is wider is cut. Labels and names recur on
    each document, so the lines are remembered."""
    text = drawable(text)
    if "\n" not in text:
        line = _line(text, style)
        if line.width <= room:
            return (line,)
    return tuple(line for part in text.split("\n") for line in _broken(part, style, room))


def one_line(text: str, style: Type, room: float) -> Line:
    """The text on a single line, cut with an ellipsis where it would run into its neighbour."""
    text = " ".join(drawable(text).split())
    line = _line(text, style)
    while text and line.width > room:
        text = text[: int(len(text) * room / line.width) or -1][: len(text) - 1]
        line = _line(f"{text.rstrip()}{_ELLIPSIS}", style)
    return line


def width_of(text: str, style: Type) -> float:
    """How much room the text takes on a single line, in points."""
    return _line(drawable(text), style).width


def drawable(text: str) -> str:
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
    if script := installable_script(character):
        raise FontMissing(script)
    return "" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else _MISSING


def _broken(text: str, style: Type, room: float) -> list[Line]:
    """One paragraph, broken at spaces."""
    lines: list[list[_Word]] = [[]]
    space, taken = _width(" ", _latin(style)) * style.size, 0.0
    for letters in text.split(" "):
        word = _word(letters, style)
        for part in [word] if word.width <= room else _cut(word, style, room):
            if lines[-1] and taken + space + part.width > room:
                lines.append([])
            taken = taken + space + part.width if lines[-1] else part.width
            lines[-1].append(part)
    return [_joined(words, style) for words in lines]


def _cut(word: _Word, style: Type, room: float) -> list[_Word]:
    """Parts of a word, each no wider than the room unless a single letter is. It is cut after a hyphen or the like if
    possible, otherwise between any two letters."""
    parts, taken = [""], 0.0
    for part in _BREAKABLE.findall(word.letters):
        fits = _word(part, style).width <= room
        for cluster in (part,) if fits else _clusters(part):
            width = _word(cluster, style).width
            if parts[-1] and taken + width > room:
                parts.append("")
                taken = 0.0
            parts[-1] += cluster
            taken += width
    return [_word(part, style) for part in parts]


def _clusters(letters: str) -> Iterator[str]:
    """Letters with what belongs to them: signs, joiners, and in Indian scripts the next letter after a virama."""
    cluster = ""
    for character in letters:
        joins = character in _JOINERS or unicodedata.category(character).startswith("M")
        bound = joins or (cluster and (unicodedata.combining(cluster[-1]) == _VIRAMA or cluster[-1] in _JOINERS))
        if cluster and not bound:
            yield cluster
            cluster = ""
        cluster += character
    yield cluster


_VIRAMA = 9  # its combining class in every script


def _joined(words: list[_Word], style: Type) -> Line:
    """Words as one line. Where all of it is Latin, it is one piece: whoever searches for two words finds them."""
    font = _latin(style)
    space = Piece(font, " ", _width(" ", font) * style.size)
    width = sum(word.width for word in words) + space.width * (len(words) - 1)
    if all(piece.font == font and not piece.letters for word in words for piece in word.pieces):
        return Line((Piece(font, " ".join(word.letters for word in words), width),), width, style)
    pieces = list(words[0].pieces)
    for word in words[1:]:
        pieces += [space, *word.pieces]
    return Line(tuple(pieces), width, style)


def _line(text: str, style: Type) -> Line:
    if _is_plain(text):
        font = _latin(style)
        width = _width(text, font) * style.size
        return Line((Piece(font, text, width),), width, style)
    return _joined([_word(letters, style) for letters in text.split(" ")], style)


@lru_cache(maxsize=4096)
def _word(letters: str, style: Type) -> _Word:
    pieces = tuple(_piece(script, run, style) for script, run in _runs(letters))
    return _Word(pieces, sum(piece.width for piece in pieces), letters)


def _piece(script: str, run: str, style: Type) -> Piece:
    font = script_font(script, bold=style.bold) if script else _latin(style)
    if script or _MARK.search(run):
        shaped = shapeStr(run, font, style.size)
        if isinstance(shaped, ShapedStr):
            width = sum(each.x_advance for each in shaped.__shapeData__) * style.size / 1000
            return Piece(font, shaped, width, run)
        if shaped != run:  # other glyphs, each as wide as it is by itself
            return Piece(font, shaped, _width(shaped, font) * style.size, run)
    return Piece(font, run, _width(run, font) * style.size)


def _runs(letters: str) -> Iterator[tuple[str, str]]:
    """The letters in parts of one script each; the script is empty where Noto Sans draws it."""
    if _is_plain(letters):
        yield "", letters
        return
    script, run = "", ""
    for character in letters:
        found = script if character in _JOINERS else script_of(character, within=script)
        if found != script and run:
            yield script, run
            run = ""
        script, run = found, run + character
    yield script, run


def _is_plain(text: str) -> bool:
    """Whether Noto Sans draws all of it, letter by letter: Latin, Greek and Cyrillic, punctuation, signs of money."""
    return text.isascii() or _PLAIN.fullmatch(text) is not None


def _latin(style: Type) -> str:
    return BOLD if style.bold else REGULAR


def _width(text: str, font: str) -> float:
    """At a size of one point."""
    widths = _widths(font)
    return sum([widths[character] for character in text])


class _Widths(dict[str, float]):
    def __init__(self, font: str) -> None:
        self._face = getFont(font).face

    def __missing__(self, character: str) -> float:
        width: float = self._face.charWidths.get(ord(character), self._face.defaultWidth) / 1000
        self[character] = width
        return width


@cache
def _widths(font: str) -> _Widths:
    return _Widths(font)
