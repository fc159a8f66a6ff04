"""A row of squares, one for each of the last days, in the colours of how the day stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

AGREES, DIFFERS, FAILED, OVERDUE, AT_WORK, NOTHING = (
    f"square{looks}" for looks in (" agrees", " differs", " failed", " overdue", " at-work", "")
)
"""What a square looks like: classes of admin.css."""


class Tracked(NamedTuple):
    """A square, in the words of Unfold's tracker."""

    tooltip: str
    color: str
    href: str


def drawn(squares: Iterable[Tracked], legend: Mapping[str, str]) -> SafeString:
    """The row, the oldest day first, with what each of the looks means (`legend`: meaning → looks)."""
    row = render_to_string("unfold/components/tracker.html", {"data": list(squares), "size": "md"})
    said = format_html_join(
        " ",
        '<span class="legend"><span class="{}"></span> {}</span>',
        ((looks, means) for means, looks in legend.items()),
    )
    return format_html('<div class="days-of-check">{}<p>{}</p></div>', SafeString(row), said)
