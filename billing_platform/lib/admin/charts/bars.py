"""Bars under each other, each beside its name and its value: who or what has how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_HUNDREDTH = Decimal("0.01")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of bars side by side: its name, what it says, its value, and where it leads."""

    name: str
    said: str
    value: Decimal
    url: str = ""


def bars_chart(title: str, bars: Sequence[Bar]) -> SafeString:
    """A table whose rows have a bar each, as long as their part of the greatest."""
    greatest = max((abs(bar.value) for bar in bars), default=_ZERO) or Decimal(1)
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td><svg width="100%" height="10" aria-hidden="true">'
        '<rect width="{}%" height="10" rx="2" class="{}"></rect></svg></td><td class="number">{}</td></tr>',
        (
            (
                _linked(bar.name, bar.url),
                (abs(bar.value) * 100 / greatest).quantize(_HUNDREDTH),
                "s0" if bar.value >= 0 else "less",
                bar.said,
            )
            for bar in bars
        ),
    )
    return format_html('<table class="bars-chart" aria-label="{}">{}</table>', title, rows)


def _linked(name: str, url: str) -> SafeString:
    return format_html('<a class="text-link" href="{}">{}</a>', url, name) if url else format_html("{}", name)
