"""The table of an invoice's lines, with the working of each under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from reportlab.lib.units import mm

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_number
from invoicing.documents.document import DocumentLine, InvoiceDocument
from invoicing.documents.layout import Band, Section, padded, ruled, shaded, side_by_side, stack, stack_label, unbroken
from invoicing.documents.style import BODY, FINE, INSET, LABEL, SHADE, SMALL, STRONG, Align, Branding, Type, percent
from invoicing.documents.text import width_of
from invoicing.steps import Step

_STEP_INDENT = 6  # further right than the description that it explains
_LEAST_DESCRIPTION = 34 * mm
RIGHT = Align.RIGHT


class Column(NamedTuple):
    head: str
    x: float
    width: float
    align: Align = Align.LEFT


class Columns(NamedTuple):
    """One without width is not printed."""

    position: Column
    description: Column
    sac: Column
    quantity: Column
    unit_price: Column
    taxable: Column
    tax: Column


class _Working(NamedTuple):
    """A step or a discount, under the line that it is a part of."""

    text: str
    amount: str


class _Row(NamedTuple):
    """A line as it is printed."""

    position: str
    description: str
    sac: str
    quantity: str
    unit_price: str
    taxable: str
    tax: str
    tax_rate: str  # under the tax
    workings: list[_Working]


def lines_section(document: InvoiceDocument, brand: Branding, width: float) -> Section:
    rows = [_row(document, brand, line) for line in document.lines]
    columns = _columns(brand, rows, document.money(document.taxable_amount), width)
    bands: list[Band] = []
    so_far = ZERO
    for line, row in zip(document.lines, rows, strict=True):
        so_far += line.taxable_value
        bands += _block(row, columns, so_far, width)

    def carry(amount: Decimal) -> tuple[Band, Band]:
        words = brand.wording
        forward, brought = (
            _carried(name, document.money(amount), columns, width)
            for name in (words.carried_forward, words.brought_forward)
        )
        return forward, brought

    return Section(bands, head=_head(brand, columns, width), carry=carry)


def _row(document: InvoiceDocument, brand: Branding, line: DocumentLine) -> _Row:
    quantity = unit_price = ""
    if brand.shows_quantities and line.quantity is not None:
        quantity = format_number(line.quantity) + (f" {line.unit}" if line.unit else "")
    if brand.shows_quantities and line.unit_price is not None:
        unit_price = document.exactly(line.unit_price)
    rate = percent(line.tax_rate)
    steps = (*(line.steps if brand.shows_working else ()), *_discounts(line, brand))
    return _Row(
        position=str(line.position),
        description=line.description,
        sac=line.sac,
        quantity=quantity,
        unit_price=unit_price,
        taxable=document.money(line.taxable_value),
        tax=rate if line.tax_amount is None else document.money(line.tax_amount),
        tax_rate="" if line.tax_amount is None else rate,
        workings=[_working(document, step) for step in steps],
    )


def _columns(brand: Branding, rows: list[_Row], sum_of_all: str, width: float) -> Columns:
    """The description has what the other columns leave."""
    words = brand.wording
    heads = (words.number_sign, words.description, words.sac, words.quantity, words.unit_price, words.taxable_value)
    position, *others = _widths(rows, sum_of_all, width)
    widths = (position, width - position - sum(others), *others)
    x, columns = 0.0, []
    for number, (head, across) in enumerate(zip((*heads, words.tax), widths, strict=True)):
        columns.append(Column(head, x, across, RIGHT if number > 2 else Align.LEFT))
        x += across
    return Columns(*columns)


def _widths(rows: list[_Row], sum_of_all: str, width: float) -> list[float]:
    """Of all columns but the description. They are as wide as the longest number, which is not broken, as far as a
    description can still be read beside them. Where no line has anything, there is no column: sellers abroad have no
    service codes, and credit notes no quantities."""
    amounts = max(_widest(row.taxable for row in rows), width_of(sum_of_all, STRONG))
    workings = _widest((each.amount for row in rows for each in row.workings), SMALL)
    contents = (
        (7 * mm, _widest(row.position for row in rows[-1:])),
        (15 * mm, _widest(row.sac for row in rows)),
        (29 * mm, _widest(word for row in rows for word in row.quantity.split(" "))),
        (22 * mm, _widest(row.unit_price for row in rows)),
        (27 * mm, max(amounts, workings)),
        (23 * mm, _widest(row.tax for row in rows)),
    )
    usual = [least if content else 0 for least, content in contents]
    more = [max(0, content + 2 * INSET - least) for least, content in contents]
    room = width - _LEAST_DESCRIPTION - sum(usual)
    share = min(1, room / sum(more)) if any(more) else 0
    return [least + share * extra for least, extra in zip(usual, more, strict=True)]


def _widest(texts: Iterable[str], style: Type = BODY) -> float:
    return max((width_of(text, style) for text in texts), default=0)


def _cell(text: str, column: Column, *, style: Type = BODY) -> list[Band]:
    if not column.width:
        return []
    return stack(text, style, column.width - 2 * INSET, x=column.x + INSET, align=column.align)


def _head(brand: Branding, columns: Columns, width: float) -> list[Band]:
    style = replace(LABEL, colour=brand.on_colour)
    cells = [
        stack_label(column.head, style, column.width - 2 * INSET, x=column.x + INSET, align=column.align)
        for column in columns
        if column.width
    ]
    return unbroken(shaded(padded(side_by_side(*cells), above=3, below=3), width, brand.colour), with_next=True)


def _block(row: _Row, columns: Columns, so_far: Decimal, width: float) -> list[Band]:
    """A line with its steps. It stays on one page unless it is as tall as half of one."""
    bands = unbroken(ruled(padded(_line(row, columns), above=3, below=3.5), width))
    return [*bands[:-1], replace(bands[-1], so_far=so_far)]


def _line(row: _Row, columns: Columns) -> list[Band]:
    described = _cell(row.description, columns.description)
    for working in row.workings:
        described += _step(working, columns)
    cells = [
        _cell(row.position, columns.position),
        described,
        _cell(row.sac, columns.sac),
        _cell(row.quantity, columns.quantity),
        _cell(row.unit_price, columns.unit_price),
        _cell(row.taxable, columns.taxable),
        [*_cell(row.tax, columns.tax), *(_cell(row.tax_rate, columns.tax, style=FINE) if row.tax_rate else ())],
    ]
    return side_by_side(*(cell for cell in cells if cell))


def _discounts(line: DocumentLine, brand: Branding) -> Iterator[Step]:
    """The amount before the discounts, and what each of them takes off: together the line's taxable value."""
    if line.discounts:
        yield Step.of_amount(brand.wording.before_discounts, line.amount)
    for each in line.discounts:
        yield Step.of_amount(f"{brand.wording.discount}: {each.text}", -each.amount)


def _working(document: InvoiceDocument, step: Step) -> _Working:
    """“Tier 1: 1,000 × ₹1.00” and what it comes to."""
    factors = [format_number(step.quantity)] if step.quantity else []
    if step.unit_price:
        factors.append(document.exactly(step.unit_price))
    parts = [" × ".join(factors)] if factors else []
    if step.flat_fee and step.flat_fee != step.amount:
        parts.append(document.exactly(step.flat_fee))
    text = ": ".join(part for part in (step.description, " + ".join(parts)) if part)
    amount = document.exactly(step.amount) if step.amount or step.unit_price or step.flat_fee else ""
    return _Working(text, amount)


def _step(working: _Working, columns: Columns) -> list[Band]:
    start = columns.description.x + _STEP_INDENT
    across = Column("", start, columns.taxable.x - start)
    return side_by_side(_cell(working.text, across, style=SMALL), _cell(working.amount, columns.taxable, style=SMALL))


def _carried(name: str, amount: str, columns: Columns, width: float) -> Band:
    across = Column("", columns.description.x, columns.taxable.x - columns.description.x, RIGHT)
    cells = side_by_side(_cell(name, across, style=STRONG), _cell(amount, columns.taxable, style=STRONG))
    (band,) = shaded(padded(cells, above=2, below=2.5), width, SHADE)
    return band
