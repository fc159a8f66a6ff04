"""The page as bands: strips across the page, one below the other, none of which is taller than a page.

A text is as many bands as it has lines, so a text of any length can be laid out: it goes on on the next page. What
belongs together keeps to the next band, as long as all of it is shorter than half a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple, Protocol

from reportlab.lib.units import mm

from invoicing.documents.style import RULE, Align, Type
from invoicing.documents.text import Line, wrapped
from invoicing.documents.wording import BETWEEN_LANGUAGES

if TYPE_CHECKING:
    from invoicing.documents.sheet import Sheet

_TALL = 120 * mm
"""What is taller need not stand on one page."""


class Mark(Protocol):
    """Something on a band. Its place counts from the left end of the text and down from the band's upper edge."""

    def draw(self, sheet: Sheet, left: float, top: float) -> None: ...


class Text(NamedTuple):
    x: float
    y: float  # of the baseline
    line: Line

    def draw(self, sheet: Sheet, left: float, top: float) -> None:
        sheet.text(left + self.x, top - self.y, self.line)


class Fill(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    colour: str
    radius: float = 0

    def draw(self, sheet: Sheet, left: float, top: float) -> None:
        sheet.fill(left + self.x, top - self.y - self.height, self.width, self.height, self.colour, self.radius)


class Code(NamedTuple):
    """A QR code."""

    x: float
    y: float
    side: float
    content: str

    def draw(self, sheet: Sheet, left: float, top: float) -> None:
        sheet.code(left + self.x, top - self.y - self.side, self.side, self.content)


class Picture(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    content: bytes

    def draw(self, sheet: Sheet, left: float, top: float) -> None:
        sheet.picture(left + self.x, top - self.y - self.height, self.width, self.height, self.content)


class Link(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    url: str

    def draw(self, sheet: Sheet, left: float, top: float) -> None:
        sheet.link(left + self.x, top - self.y - self.height, self.width, self.height, self.url)


@dataclass(frozen=True, slots=True)
class Band:
    height: float
    marks: tuple[Mark, ...] = ()
    keeps: bool = False
    """Stays on the page of the next one."""
    so_far: Decimal | None = None
    """The sum of all rows down to here, where a row ends here."""


class Section(NamedTuple):
    """Bands, what stands over them on each page, and what a break between pages says of the sum so far."""

    bands: Sequence[Band]
    head: Sequence[Band] = ()
    carry: Callable[[Decimal], tuple[Band, Band]] | None = None


class Placed(NamedTuple):
    top: float  # down from the upper end of the text
    band: Band


def stack(text: str, style: Type, width: float, *, x: float = 0, align: Align = Align.LEFT) -> list[Band]:
    """A text as bands of one line each."""
    return [
        Band(style.leading, (Text(x + _indent(line, width, align), style.size, line),))
        for line in wrapped(text, style, width)
    ]


def stack_label(label: str, style: Type, width: float, *, x: float = 0, align: Align = Align.LEFT) -> list[Band]:
    """A label of ours. One in two languages has each on a line of its own where one line is too short for both."""
    bands = stack(label, style, width, x=x, align=align)
    return bands if len(bands) == 1 else stack(label.replace(BETWEEN_LANGUAGES, "\n"), style, width, x=x, align=align)


def _indent(line: Line, width: float, align: Align) -> float:
    if align == Align.LEFT:
        return 0
    return (width - line.width) / (1 if align == Align.RIGHT else 2)


def side_by_side(*columns: Sequence[Band], together: bool = True) -> list[Band]:
    """Columns as one band; as bands line by line where that is too tall for one."""
    height = max(sum(band.height for band in column) for column in columns)
    if together and height <= _TALL:
        return [Band(height, tuple(mark for column in columns for mark in _down(column)))]
    return [
        Band(max(band.height for band in row if band), tuple(mark for band in row if band for mark in band.marks))
        for row in zip_longest(*columns)
    ]


def _down(column: Iterable[Band]) -> Iterator[Mark]:
    top = 0.0
    for band in column:
        yield from (_moved(mark, top) for mark in band.marks)
        top += band.height


def _moved(mark: Mark, down: float, right: float = 0) -> Mark:
    return mark._replace(x=mark.x + right, y=mark.y + down) if down or right else mark  # type: ignore[attr-defined]  # each is a named tuple


def unbroken(bands: Sequence[Band], *, with_next: bool = False) -> list[Band]:
    """The same bands, which stay on one page."""
    return [replace(band, keeps=True) for band in bands[:-1]] + [replace(band, keeps=with_next) for band in bands[-1:]]


def gap(height: float) -> list[Band]:
    return [Band(height)]


def padded(bands: Sequence[Band], *, above: float = 0, below: float = 0) -> list[Band]:
    """With room above the first and below the last one, which belongs to them."""
    result = list(bands)
    first = result[0]
    result[0] = replace(first, height=first.height + above, marks=tuple(_moved(mark, above) for mark in first.marks))
    result[-1] = replace(result[-1], height=result[-1].height + below)
    return result


def shaded(bands: Sequence[Band], width: float, colour: str, *, x: float = 0) -> list[Band]:
    return [replace(band, marks=(Fill(x, 0, width, band.height, colour), *band.marks)) for band in bands]


def framed(bands: Sequence[Band], width: float, colour: str, *, weight: float = 0.75) -> list[Band]:
    """A frame around the bands, which stays open where it goes on on the next page."""
    result = []
    for number, band in enumerate(bands):
        marks = [*band.marks, Fill(0, 0, weight, band.height, colour)]
        marks += [Fill(width - weight, 0, weight, band.height, colour)]
        marks += [Fill(0, 0, width, weight, colour)] if number == 0 else []
        marks += [Fill(0, band.height - weight, width, weight, colour)] if number == len(bands) - 1 else []
        result.append(replace(band, marks=tuple(marks)))
    return result


def ruled(bands: Sequence[Band], width: float, *, x: float = 0, colour: str = RULE, weight: float = 0.5) -> list[Band]:
    """With a line under the last one."""
    last = bands[-1]
    return [*bands[:-1], replace(last, marks=(*last.marks, Fill(x, last.height - weight, width, weight, colour)))]


def shifted(bands: Sequence[Band], right: float) -> list[Band]:
    return [replace(band, marks=tuple(_moved(mark, 0, right) for mark in band.marks)) for band in bands]


@dataclass
class Flow:
    """Sections put on pages. `first` and `later` say how tall the text of a page may be, in points."""

    first: float
    later: float
    pages: list[list[Placed]] = field(default_factory=lambda: [[]])
    _top: float = 0

    @property
    def _room(self) -> float:
        return (self.first if len(self.pages) == 1 else self.later) - self._top

    def add(self, section: Section) -> None:
        groups = list(_groups([*section.head, *section.bands]))
        reserve = max(band.height for band in section.carry(Decimal(0))) if section.carry else 0
        so_far: Decimal | None = None
        for number, group in enumerate(groups):
            last = number == len(groups) - 1
            if not self._fits(group, 0 if last else reserve):
                self._break(section, so_far, started=number > 0)
            for band in group:
                if band.height > self._room:
                    self._break(section, None, started=True)
                self._place(band)
            so_far = group[-1].so_far if group[-1].so_far is not None else so_far

    def _fits(self, group: Sequence[Band], reserve: float) -> bool:
        """Whether it can begin here: all of it, or of what is too tall for that, its first band."""
        height = sum(band.height for band in group)
        return (group[0].height if height > _TALL else height) + reserve <= self._room

    def _place(self, band: Band) -> None:
        if band.marks or self._top:  # a page doesn't begin with empty space
            self.pages[-1].append(Placed(self._top, band))
            self._top += band.height

    def _break(self, section: Section, so_far: Decimal | None, *, started: bool) -> None:
        carried = section.carry(so_far) if section.carry and so_far is not None and started else None
        if carried:
            self._place(carried[0])
        self.pages.append([])
        self._top = 0
        for band in (*section.head, *(carried[1:] if carried else ())) if started else ():
            self._place(band)


def _groups(bands: Iterable[Band]) -> Iterator[list[Band]]:
    group: list[Band] = []
    for band in bands:
        group.append(band)
        if not band.keeps:
            yield group
            group = []
    if group:
        yield group
