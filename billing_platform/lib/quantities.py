"""Quantities for people: grouped digits, no trailing zeros, and the unit in the singular or plural."""

from __future__ import annotations

from decimal import Decimal


def plain_number(number: Decimal | int) -> str:
    """1200.50000000 is 1,200.5 and 7087252 is 7,087,252."""
    text = f"{number:,f}" if isinstance(number, Decimal) else f"{number:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ungrouped(number: Decimal | int) -> str:
    """For programs to read: 1200.50000000 is 1200.5."""
    return plain_number(number).replace(",", "")


def quantity_text(quantity: Decimal | int, one: str, many: str) -> str:
    """A quantity with its unit: `1 call`, `7,087,252 calls`; the bare number where there is no unit."""
    return f"{plain_number(quantity)} {unit_for(quantity, one, many)}".strip()


def unit_for(quantity: Decimal | int, one: str, many: str) -> str:
    """The word that goes with a quantity: the singular for one (or minus one), the plural for everything else."""
    return one if abs(quantity) == 1 else many


def events_text(count: int) -> str:
    """`1 event`, `1,056 events`."""
    return quantity_text(count, "event", "events")
