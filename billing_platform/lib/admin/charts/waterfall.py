"""A waterfall as a picture: totals, and between them what comes off and what is added, drawn as SVG without a script.

Bars have places in percent and words have sizes of their own, so that it is readable on any width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.money import ZERO

ROW, TEXT_AT, BAR_AT, BAR = 38, 13, 19, 10
_HUNDREDTH = Decimal("0.01")
_THINNEST = Decimal("0.4")


class Tone(StrEnum):
    TOTAL = "total"
    LESS = "less"
    MORE = "more"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Step:
    """A bar: of a total from nothing to `value`, of a change from where the step before ended."""

    label: str
    value: Decimal
    tone: Tone

    @classmethod
    def total(cls, label: str, value: Decimal) -> Step:
        return cls(label, value, Tone.TOTAL)

    @classmethod
    def change(cls, label: str, value: Decimal) -> Step:
        return cls(label, value, Tone.LESS if value < ZERO else Tone.MORE)

    @classmethod
    def difference(cls, value: Decimal) -> Step:
        return cls("Does not add up", value, Tone.DIFFERENCE)


def waterfall(steps: Sequence[Step], shown: Callable[[Decimal], str]) -> SafeString:
    """The picture. `shown` writes a number."""
    spans = list(_spans(steps))
    low, high = min(start for start, _end in spans), max(end for _start, end in spans)
    scale = high - low or Decimal(1)
    rows = [
        (
            number * ROW + TEXT_AT, step.label, number * ROW + TEXT_AT, _signed(step, shown), number * ROW + BAR_AT,
            _percent((start - low) / scale), _percent(max((end - start) / scale, _THINNEST / 100)), step.tone.value,
        )
        for number, (step, (start, end)) in enumerate(zip(steps, spans, strict=True))
    ]  # fmt: skip
    bars = format_html_join(
        "",
        '<text x="0" y="{}">{}</text><text x="100%" y="{}" text-anchor="end">{}</text>'
        '<rect y="{}" x="{}%" width="{}%" height="' + str(BAR) + '" rx="2" class="{}"></rect>',
        rows,
    )
    words = "; ".join(f"{step.label} {_signed(step, shown)}" for step in steps)
    return format_html(
        '<svg class="waterfall" width="100%" height="{}" role="img" aria-label="{}">{}</svg>',
        len(steps) * ROW,
        words,
        bars,
    )


def _spans(steps: Sequence[Step]) -> Iterator[tuple[Decimal, Decimal]]:
    """From where to where each bar reaches."""
    at = ZERO
    for step in steps:
        start = ZERO if step.tone == Tone.TOTAL else at
        at = start + step.value
        yield min(start, at), max(start, at)


def _signed(step: Step, shown: Callable[[Decimal], str]) -> str:
    if step.tone == Tone.TOTAL:
        return shown(step.value)
    return f"{'−' if step.value < ZERO else '+'}{shown(abs(step.value))}"


def _percent(part: Decimal) -> str:
    return str((part * 100).quantize(_HUNDREDTH))
