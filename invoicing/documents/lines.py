"""The table of an invoice's lines, with the working of each under it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from reportlab.lib.units import mm

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_number
from invoicing.documents.document import DocumentLine, InvoiceDocument
from invoicing.documents.layout import Band, Section, padded, ruled, shaded, side_by_side, stack, unbroken
from invoicing.documents.style import BODY, FINE, LABEL, SHADE, SMALL, STRONG, Align, Branding, Type, percent
from invoicing.steps import Step

_INSET = 4
_STEP_INDENT = 6  # further right than the description that it explains
RIGHT = Align.RIGHT


class Column(NamedTuple):
    head: str
    x: float
    width: float
    align: Align = Align.LEFT


class Columns(NamedTuple):
    position: Column
    description: Column
    sac: Column
    quantity: Column
    unit_price: Column
    taxable: Column
    tax: Column


def lines_section(document: InvoiceDocument, brand: Branding, width: float) -> Section:
    columns = _columns(brand, width)
    bands: list[Band] = []
    so_far = ZERO
    for line in document.lines:
        so_far += line.taxable_value
        bands += _block(document, brand, line, columns, so_far, width)

    def carry(amount: Decimal) -> tuple[Band, Band]:
        words = brand.wording
        forward, brought = (
            _carried(name, document.money(amount), columns, width)
            for name in (words.carried_forward, words.brought_forward)
        )
        return forward, brought

    return Section(bands, head=_head(brand, columns, width), carry=carry)


def _columns(brand: Branding, width: float) -> Columns:
    words = brand.wording
    counted = 1 if brand.shows_quantities else 0
    widths = (7 * mm, 0.0, 15 * mm, counted * 29 * mm, counted * 22 * mm, 27 * mm, 23 * mm)
    widths = (widths[0], width - sum(widths), *widths[2:])
    heads = (words.number_sign, words.description, words.sac, words.quantity, words.unit_price, words.taxable_value)
    x, columns = 0.0, []
    for number, (head, across) in enumerate(zip((*heads, words.tax), widths, strict=True)):
        columns.append(Column(head, x, across, RIGHT if number > 2 else Align.LEFT))
        x += across
    return Columns(*columns)


def _cell(text: str, column: Column, *, style: Type = BODY) -> list[Band]:
    if not column.width:
        return []
    return stack(text, style, column.width - 2 * _INSET, x=column.x + _INSET, align=column.align)


def _head(brand: Branding, columns: Columns, width: float) -> list[Band]:
    style = replace(LABEL, colour=brand.on_colour)
    cells = [cell for column in columns if (cell := _cell(column.head, column, style=style))]
    return unbroken(shaded(padded(side_by_side(*cells), above=3, below=3), width, brand.colour), with_next=True)


def _block(
    document: InvoiceDocument, brand: Branding, line: DocumentLine, columns: Columns, so_far: Decimal, width: float
) -> list[Band]:
    """A line with its steps. It stays on one page unless it is as tall as half of one."""
    bands = unbroken(ruled(padded(_line(document, brand, line, columns), above=3, below=3.5), width))
    return [*bands[:-1], replace(bands[-1], so_far=so_far)]


def _line(document: InvoiceDocument, brand: Branding, line: DocumentLine, columns: Columns) -> list[Band]:
    quantity = ""
    if line.quantity is not None:
        quantity = format_number(line.quantity) + (f" {line.unit}" if line.unit else "")
    described = _cell(line.description, columns.description)
    for step in (*(line.steps if brand.shows_working else ()), *_discounts(line, brand)):
        described += _step(document, step, columns)
    cells = [
        _cell(str(line.position), columns.position),
        described,
        _cell(line.sac, columns.sac),
        _cell(quantity, columns.quantity),
        _cell("" if line.unit_price is None else document.exactly(line.unit_price), columns.unit_price),
        _cell(document.money(line.taxable_value), columns.taxable),
        _tax(document, line, columns.tax),
    ]
    return side_by_side(*(cell for cell in cells if cell))


def _tax(document: InvoiceDocument, line: DocumentLine, column: Column) -> list[Band]:
    rate = percent(line.tax_rate)
    if line.tax_amount is None:
        return _cell(rate, column)
    return [*_cell(document.money(line.tax_amount), column), *_cell(rate, column, style=FINE)]


def _discounts(line: DocumentLine, brand: Branding) -> Iterator[Step]:
    """The amount before the discounts, and what each of them takes off: together the line's taxable value."""
    if line.discounts:
        yield Step.of_amount(brand.wording.before_discounts, line.amount)
    for each in line.discounts:
        yield Step.of_amount(f"{brand.wording.discount}: {each.text}", -each.amount)


def _step(document: InvoiceDocument, step: Step, columns: Columns) -> list[Band]:
    """“Tier 1: 1,000 × ₹1.00” and what it comes to, under the line that the steps add up to."""
    factors = [format_number(step.quantity)] if step.quantity else []
    if step.unit_price:
        factors.append(document.exactly(step.unit_price))
    parts = [" × ".join(factors)] if factors else []
    if step.flat_fee and step.flat_fee != step.amount:
        parts.append(document.exactly(step.flat_fee))
    working = " + ".join(parts)
    text = f"{step.description}: {working}" if step.description and working else step.description or working
    amount = document.exactly(step.amount) if step.amount or step.unit_price or step.flat_fee else ""
    start = columns.description.x + _STEP_INDENT
    across = Column("", start, columns.taxable.x - start)
    return side_by_side(_cell(text, across, style=SMALL), _cell(amount, columns.taxable, style=SMALL))


def _carried(name: str, amount: str, columns: Columns, width: float) -> Band:
    across = Column("", columns.description.x, columns.taxable.x - columns.description.x, RIGHT)
    cells = side_by_side(_cell(name, across, style=STRONG), _cell(amount, columns.taxable, style=STRONG))
    (band,) = shaded(padded(cells, above=2, below=2.5), width, SHADE)
    return band
