"""The completeness statements of a month as rows of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from billing_platform.lib.number_formats import money_text, short_text
from reconciliation.selectors.completeness import Section, Statement

COLUMNS = ("customer", "organisation", "month", "standing", "section", "currency", "part", "value")
WHOLE, DIFFERENCE = "whole", "difference"


def csv_rows(found: Iterable[Statement]) -> Iterator[tuple[Any, ...]]:
    """Each section as a row for its whole, one for each part, and one for what is left over."""
    yield COLUMNS
    for one in found:
        customer: Any = one.organisation
        for section in one.sections:
            place = customer.name, customer.pk, one.month, one.standing.name.lower(), section.topic.name.lower()
            for part, value in _values(section):
                yield *place, section.currency, part, number_text(section, value)


def number_text(section: Section, value: Decimal) -> str:
    """For programs: an amount to its currency's places, or a number of events."""
    return money_text(value, section.currency) if section.currency else short_text(value)


def _values(section: Section) -> Iterator[tuple[str, Decimal]]:
    yield WHOLE, section.whole
    for part in section.parts:
        yield part.name.name.lower(), part.value
    yield DIFFERENCE, section.difference
