"""Colours that can be told apart, as WCAG 2 counts."""

from __future__ import annotations

from functools import cache

INK = "#1b1f24"
WHITE = "#ffffff"


@cache
def readable_on(background: str) -> str:
    """White or ink, whichever stands out more. Even on the worst colour it does by 4 to 1, where WCAG 2 asks 3 to 1 of
    large or bold text (1.4.3)."""
    return max((WHITE, INK), key=lambda words: contrast(words, background))


def contrast(one: str, other: str) -> float:
    """From 1 to 21, as WCAG 2 counts."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
