"""How a number changed, in words: an arrow for the eye, the word for a screen reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing_platform.lib.money import ZERO, with_places
from billing_platform.lib.number_formats import format_number

_UP, _DOWN, _SAME = ("↑", "Up"), ("↓", "Down"), ("→", "Unchanged")


def trends(
    now: Mapping[str, Decimal], before: Mapping[str, Decimal], *, currencies: Iterable[str], against: str
) -> Iterator[SafeString]:
    """One for each currency; the currency is named where there are several."""
    shown = list(currencies)
    for currency in shown:
        change = trend(now.get(currency, ZERO), before.get(currency, ZERO), against=against)
        yield format_html("{}: {}", currency, change) if len(shown) > 1 else change


def trend(now: Decimal, before: Decimal, *, against: str) -> SafeString:
    """The change in percent, rounded once, to one decimal; "new" where there was nothing before."""
    if not before:
        return format_html("{} ({})", "New", f"nothing {against}") if now else format_html("Nothing {} either", against)
    change = with_places((now - before) * 100 / abs(before), 1)
    arrow, word = _UP if change > 0 else _DOWN if change < 0 else _SAME
    return format_html(
        '<span aria-hidden="true">{}</span><span class="said">{}</span> {}% against {}',
        arrow,
        word,
        format_number(abs(change)),
        against,
    )
