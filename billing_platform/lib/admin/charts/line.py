"""A line over numbers, as a picture drawn on the server as SVG without a script: how a cost goes with the quantity.

It is as wide as there is room; its ends stand in words beside it, and dashed lines mark where something begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 6000, 1600  # units of the drawing, which is stretched to its room
Shown = Callable[[Decimal], str]


def line_chart(
    title: str,
    points: Sequence[tuple[Decimal, Decimal]],
    *,
    marks: Sequence[Decimal] = (),
    across: Shown,
    shown: Shown,
) -> SafeString:
    """From zero to the last point, in rising order, and from zero to the highest. `across` writes a number of the axis
    from left to right, `shown` one of the axis upwards; `marks` are places on the former."""
    last, highest = points[-1][0], max(value for _place, value in points)
    drawn = " ".join(
        f"{_scaled(place, last, WIDTH)},{HEIGHT - _scaled(value, highest, HEIGHT)}" for place, value in points
    )
    marked = ((_scaled(place, last, WIDTH),) * 2 for place in marks)
    return format_html(
        '<figure class="line-chart"><figcaption class="axis peak"><span>{}</span><span>{}</span></figcaption>'
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}: up to {} for {}">{}'
        '<polyline points="{}"></polyline></svg><p class="axis"><span>0</span><span>{}</span></p></figure>',
        shown(highest), title, WIDTH, HEIGHT, title, shown(highest), across(last),
        format_html_join("", '<line x1="{}" x2="{}" y1="0" y2="' + str(HEIGHT) + '"></line>', marked),
        drawn, across(last),
    )  # fmt: skip


def _scaled(value: Decimal, whole: Decimal, size: int) -> int:
    return int(value * size / whole) if whole else 0
