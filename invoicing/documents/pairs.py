"""Names and what they stand for, in two columns."""

from __future__ import annotations

from collections.abc import Sequence

from invoicing.documents.layout import Band, padded, side_by_side, stack, stack_label
from invoicing.documents.style import SMALL, STRONG, Type
from invoicing.documents.text import width_of

_BETWEEN = 8


def pairs(rows: Sequence[tuple[str, str]], width: float, *, left: float = 0, style: Type = STRONG) -> list[Band]:
    """Rows on common baselines. `left` is the width of the names' column, by default that of the longest name. A row
    without a value is left out."""
    shown = [(name, value) for name, value in rows if value]
    left = left or min(max((width_of(name, SMALL) for name, _value in shown), default=0), width / 2) + _BETWEEN
    bands: list[Band] = []
    for name, value in shown:
        label = padded(stack_label(name, SMALL, left - _BETWEEN / 2), above=style.size - SMALL.size)
        bands += side_by_side(label, stack(value, style, width - left, x=left))
    return bands
