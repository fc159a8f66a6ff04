"""A number that says how something stands, with what it is, what is beside it, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """One value per currency, never a sum. `href` is the list that the values count, or the page that explains them."""

    label: str
    values: tuple[str, ...]
    note: str
    href: str
    tone: str = ""
    more: tuple[str, ...] = ()
    """What belongs beside the values, and is no part of them."""
    changes: tuple[str, ...] = ()
    """How the values changed against an earlier time, one for each currency."""
    count: int = 0
    """How many rows the list behind it has."""
