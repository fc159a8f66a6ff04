"""Columns over time, as a picture drawn on the server as SVG without a script.

Places across are in percent and words have sizes of their own, so that a chart is readable on any width, in light and
in dark. Each column has its words, which show when one points at it, and may lead somewhere; a picture as a whole is
named by a title and the sentence that a screen reader says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

HEIGHT, TOP, BOTTOM = 200, 18, 22
"""Pixels of a chart of columns, and of what it leaves free above and below them."""
MOST_NAMED = 4
"""Columns that are named below, so that names don't run into each other on a phone."""

_PLOT = HEIGHT - TOP - BOTTOM
_GAP = Decimal("0.15")
_HALF = Decimal("0.5")
_HUNDREDTH = Decimal("0.01")
_ZERO = Decimal(0)
Shown = Callable[[Decimal], str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name on the axis, its parts from the bottom, and where it leads. A part below nothing is drawn as
    nothing. `more` is what is expected beyond the parts: drawn light, on top."""

    name: str
    parts: tuple[Decimal, ...]
    url: str = ""
    more: Decimal = _ZERO
    said: str = ""
    """What it says when one points at it, instead of its name and value."""
    dotted: bool = False
    """Something happened there: a dot stands on it."""

    @property
    def value(self) -> Decimal:
        return sum(self.parts, _ZERO)

    @property
    def height(self) -> Decimal:
        return sum((max(part, _ZERO) for part in (*self.parts, self.more)), _ZERO)


def axis_day(day: date) -> str:
    """A day on the axis: "5 Oct"."""
    return f"{day.day} {day:%b}"


def axis_month(month: date) -> str:
    """A month on the axis: "Oct 2026"."""
    return f"{month:%b %Y}"


def columns_chart(
    title: str,
    columns: Sequence[Column],
    *,
    shown: Shown,
    series: Sequence[str] = (),
    lines: Sequence[tuple[Decimal, str]] = (),
) -> SafeString:
    """Columns in order of time, with the highest value and half of it as lines. `series` names the parts, in a legend;
    `lines` are values with words, drawn across. `shown` writes a number."""
    highest = max((*(column.height for column in columns), *(value for value, _said in lines)), default=_ZERO)
    scale = highest if highest > 0 else Decimal(1)
    picture = format_html(
        '<svg class="columns-chart" width="100%" height="{}" role="group" aria-label="{}">{}{}{}{}</svg>',
        HEIGHT,
        _sentence(title, columns, shown),
        _axis(highest, shown),
        format_html_join("", "{}", ((_column(columns, place, scale, shown),) for place in range(len(columns)))),
        format_html_join("", "{}", ((_line(value / scale, said),) for value, said in lines)),
        _names(columns),
    )
    return format_html("{}{}", picture, _legend(series))


def _column(columns: Sequence[Column], place: int, scale: Decimal, shown: Shown) -> SafeString:
    column, width = columns[place], Decimal(100) / len(columns)
    left, wide = _hundredths(width * (place + _GAP / 2)), _hundredths(width * (1 - _GAP))
    bottom, drawn = Decimal(HEIGHT - BOTTOM), []
    for number, part in enumerate((*column.parts, column.more)):
        tall = max(part, _ZERO) * _PLOT / scale
        if tall > 0:
            tall = max(tall, Decimal(1))
            kind = "more" if number == len(column.parts) else f"s{number % 8}"
            drawn.append((left, _hundredths(bottom - tall), wide, _hundredths(tall), kind))
            bottom -= tall
    said = column.said or f"{column.name}: {shown(column.value)}"
    rects = format_html_join("", '<rect x="{}%" y="{}" width="{}%" height="{}" class="{}"></rect>', drawn)
    if column.dotted:
        middle = _hundredths(width * (place + _HALF))
        rects += format_html('<circle cx="{}%" cy="{}" r="4"></circle>', middle, _hundredths(bottom))
    reach = format_html(
        '<rect x="{}%" y="{}" width="{}%" height="{}" class="reach"><title>{}</title></rect>',
        _hundredths(width * place), TOP, _hundredths(width), _PLOT, said,
    )  # fmt: skip
    if column.url:
        return format_html('<a href="{}" aria-label="{}">{}{}</a>', column.url, said, rects, reach)
    return format_html('<g role="img" aria-label="{}">{}{}</g>', said, rects, reach)


def _axis(highest: Decimal, shown: Shown) -> SafeString:
    """Lines at the greatest value, at half of it, and at nothing."""
    values = [(TOP, shown(highest)), (TOP + _PLOT // 2, "")] if highest > 0 else []
    marks = format_html_join(
        "",
        '<line x1="0" x2="100%" y1="{}" y2="{}"></line><text x="0" y="{}">{}</text>',
        ((y, y, y - 4, said) for y, said in values),
    )
    floor = HEIGHT - BOTTOM
    return format_html('<g class="chart-axis" aria-hidden="true">{}<line x1="0" x2="100%" y1="{}" y2="{}"></line></g>',
                       marks, floor, floor)  # fmt: skip


def _names(columns: Sequence[Column]) -> SafeString:
    """The names of the first column, the last one, and some between."""
    if not columns:
        return format_html("{}", "")
    last, named = len(columns) - 1, min(len(columns), MOST_NAMED)
    places = [number * last // max(named - 1, 1) for number in range(named)]
    width = Decimal(100) / len(columns)
    rows = [(_hundredths(width * (place + _HALF)), _anchor(place, columns), place) for place in places]
    texts = format_html_join(
        "", '<text x="{}%" y="{}" text-anchor="{}">{}</text>',
        ((_edge(x, anchor), HEIGHT - 6, anchor, columns[place].name) for x, anchor, place in rows),
    )  # fmt: skip
    return format_html('<g class="chart-axis" aria-hidden="true">{}</g>', texts)


def _anchor(place: int, columns: Sequence[Column]) -> str:
    """Of few columns the names stand in the middle; of many, the outer ones would be cut off."""
    if len(columns) <= MOST_NAMED:
        return "middle"
    return "start" if place == 0 else "end" if place == len(columns) - 1 else "middle"


def _edge(x: Decimal, anchor: str) -> Decimal | int:
    return 0 if anchor == "start" else 100 if anchor == "end" else x


def _line(part: Decimal, said: str) -> SafeString:
    y = _hundredths(HEIGHT - BOTTOM - part * _PLOT)
    return format_html('<line x1="0" x2="100%" y1="{}" y2="{}" class="mark"><title>{}</title></line>', y, y, said)


def _legend(series: Sequence[str]) -> SafeString:
    if not series:
        return format_html("{}", "")
    rows = ((number % 8, name) for number, name in enumerate(series))
    return format_html('<ul class="legend">{}</ul>', format_html_join("", '<li><i class="s{}"></i>{}</li>', rows))


def _sentence(title: str, columns: Sequence[Column], shown: Shown) -> str:
    if not columns:
        return title
    top = max(columns, key=lambda column: column.value)
    return f"{title}, {columns[0].name} to {columns[-1].name}; most in {top.name}: {shown(top.value)}"


def _hundredths(number: Decimal) -> Decimal:
    return number.quantize(_HUNDREDTH)
