"""A few small bars, as a picture in a row of a list: how a number went, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

HEIGHT, WIDTH, GAP = 28, 10, 3


@dataclass(frozen=True)
class Bar:
    """One bar: its words, its value, and whether it is the one that the others are there to be compared with."""

    label: str
    value: Decimal
    is_marked: bool = False


def sparkline(bars: Sequence[Bar]) -> SafeString:
    """The bars beside each other, each as high as its part of the highest; below nothing is nothing."""
    highest = max((bar.value for bar in bars), default=Decimal(0)) or Decimal(1)
    drawn = []
    for place, bar in enumerate(bars):
        height = max(int(bar.value * HEIGHT / highest), 1) if highest > 0 else 1
        drawn.append((place * (WIDTH + GAP), HEIGHT - height, height, "marked" if bar.is_marked else "", bar.label))
    shapes = format_html_join(
        "",
        '<rect x="{}" y="{}" width="' + str(WIDTH) + '" height="{}" class="{}"><title>{}</title></rect>',
        drawn,
    )
    width = max(len(bars) * (WIDTH + GAP) - GAP, 1)
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>',
        width,
        HEIGHT,
        width,
        HEIGHT,
        "; ".join(bar.label for bar in bars),
        shapes,
    )
