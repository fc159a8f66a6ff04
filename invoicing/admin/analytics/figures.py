"""Numbers above the charts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing_platform.lib.number_formats import format_number
from invoicing.services.analytics import change_in_percent


@dataclass(frozen=True)
class Figure:
    """A number above the charts: what it is, how it changed, and the list behind it."""

    label: str
    values: tuple[str, ...]
    note: str
    href: str
    tone: str = ""
    more: tuple[str, ...] = ()


def change_text(now: Decimal | int, before: Decimal | int) -> str:
    change = change_in_percent(now, before)
    return "nothing before" if change is None else f"{percent_text(change)} against as many days before"


def percent_text(change: Decimal) -> str:
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    return f"{sign}{format_number(abs(change))}%"
