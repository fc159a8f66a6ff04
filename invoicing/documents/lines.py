"""The table of an invoice's lines, with the working of each under it, and the sums below."""

from __future__ import annotations

from typing import Any, NamedTuple

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Table

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_number
from invoicing.documents.document import DocumentLine, InvoiceDocument
from invoicing.documents.style import (
    BODY,
    INK,
    LABEL,
    RIGHT,
    RULE,
    SHADE,
    SMALL,
    SMALL_RIGHT,
    STRONG,
    STRONG_RIGHT,
    percent,
    readable_on,
)
from invoicing.documents.text import marked_up, paragraph, safe
from invoicing.steps import Step

_COLUMNS = (7 * mm, None, 15 * mm, 29 * mm, 22 * mm, 27 * mm, 23 * mm)  # None takes what is left
_HEADS = (("#", "DESCRIPTION", "SAC"), ("QUANTITY", "UNIT PRICE", "TAXABLE VALUE", "TAX"))
_TAXABLE = 5  # column
_TALL = 120 * mm
_STYLE: list[Any] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]


class _Measured(NamedTuple):
    """A table and its height. Columns have fixed widths, so nothing but its content decides that."""

    table: Table
    height: float

    @classmethod
    def of(cls, table: Table, width: float) -> _Measured:
        _width, height = table.wrapOn(None, width, 0)
        return cls(table, height)


class LinesTable(Flowable):  # type: ignore[misc]
    """The lines as one table with its head on every page.

    Each line is a small table of its own, measured once. One large table would be measured, and all of its rows
    copied, again on every page: half a minute for the thousand lines that an invoice may have.
    """

    def __init__(self, head: _Measured, blocks: list[_Measured]) -> None:
        super().__init__()
        self.head, self.blocks = head, blocks

    @classmethod
    def of(cls, document: InvoiceDocument, width: float) -> LinesTable:
        fixed = sum(column for column in _COLUMNS if column)
        widths = [column or width - fixed for column in _COLUMNS]
        blocks = [_Measured.of(_block(document, line, widths), width) for line in document.lines]
        return cls(_Measured.of(_head(document, widths), width), blocks)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, sum(each.height for each in (self.head, *self.blocks))
        return self.width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        room, fitting = height - self.head.height, 0
        for block in self.blocks:
            if block.height > room:
                break
            room, fitting = room - block.height, fitting + 1
        here, later = self.blocks[:fitting], self.blocks[fitting:]
        if later and later[0].height > _TALL:
            parts = [_Measured.of(part, width) for part in later[0].table.splitOn(None, width, room)]
            if parts:
                here, later = [*here, parts[0]], [*parts[1:], *later[1:]]
        return [LinesTable(self.head, each) for each in (here, later) if each] if here else []

    def draw(self) -> None:
        top = self.height
        for each in (self.head, *self.blocks):
            top -= each.height
            each.table.drawOn(self.canv, 0, top)


def _head(document: InvoiceDocument, widths: list[float]) -> Table:
    left = ParagraphStyle("head", parent=LABEL, textColor=readable_on(document.brand_colour))
    right = ParagraphStyle("head-right", parent=left, alignment=TA_RIGHT)
    cells = [*(paragraph(text, left) for text in _HEADS[0]), *(paragraph(text, right) for text in _HEADS[1])]
    style = [*_STYLE, ("BACKGROUND", (0, 0), (-1, 0), HexColor(document.brand_colour))]
    return Table([cells], colWidths=widths, style=style)


def _block(document: InvoiceDocument, line: DocumentLine, widths: list[float]) -> Table:
    """A line with its steps. It stays on one page unless it is as tall as half of one."""
    steps = [*line.steps, *_discounts(line)]
    rows = [_line(document, line), *(_step(document, step) for step in steps)]
    style = [*_STYLE, ("LINEBELOW", (0, -1), (-1, -1), 0.5, RULE)]
    if steps:
        style += [("SPAN", (1, row), (_TAXABLE - 1, row)) for row in range(1, len(rows))]
        style += [("TOPPADDING", (0, 1), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -2), 1)]
        style += [("LEFTPADDING", (1, 1), (1, -1), 10)]
    return Table(rows, colWidths=widths, style=style, splitInRow=1)


def _line(document: InvoiceDocument, line: DocumentLine) -> list[Paragraph]:
    quantity = ""
    if line.quantity is not None:
        quantity = format_number(line.quantity) + (f" {line.unit}" if line.unit else "")
    price = "" if line.unit_price is None else document.exactly(line.unit_price)
    return [
        paragraph(str(line.position), BODY),
        paragraph(line.description, BODY),
        paragraph(line.sac, BODY),
        paragraph(quantity, RIGHT),
        paragraph(price, RIGHT),
        paragraph(document.money(line.taxable_value), RIGHT),
        _tax(document, line),
    ]


def _discounts(line: DocumentLine) -> list[Step]:
    """The amount before the discounts, and what each of them takes off: together the line's taxable value."""
    if not line.discounts:
        return []
    taken = [Step.of_amount(f"Discount: {each.text}", -each.amount) for each in line.discounts]
    return [Step.of_amount("Before discounts", line.amount), *taken]


def _tax(document: InvoiceDocument, line: DocumentLine) -> Paragraph:
    rate = percent(line.tax_rate)
    if line.tax_amount is None:
        return paragraph(rate, RIGHT)
    amount = safe(document.money(line.tax_amount))
    return marked_up(f'{amount}<br/><font size="{SMALL.fontSize}">{rate}</font>', RIGHT)


def _step(document: InvoiceDocument, step: Step) -> list[Any]:
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
    return ["", paragraph(text, SMALL), "", "", "", paragraph(amount, SMALL_RIGHT), ""]


def sums_table(document: InvoiceDocument, width: float) -> Table:
    rows = [("Subtotal", document.subtotal)]
    if document.discount_total:
        rows += [("Discount", -document.discount_total), ("Taxable value", document.taxable_amount)]
    for tax in document.taxes:
        rows.append((f"{tax.name} {percent(tax.rate)} on {document.money(tax.taxable_amount)}", tax.amount))
    if not document.taxes:
        rows.append((document.tax_note or "Tax", ZERO))
    if document.round_off:
        rows.append(("Round-off", document.round_off))
    cells = [["", paragraph(label, BODY), paragraph(document.money(amount), RIGHT)] for label, amount in rows]
    cells.append(["", paragraph("Total", STRONG), paragraph(document.money(document.total), STRONG_RIGHT)])
    return Table(
        cells,
        colWidths=[width * 0.42, width * 0.36, width * 0.22],
        style=[
            ("LINEABOVE", (1, -1), (-1, -1), 1, INK),
            ("BACKGROUND", (1, -1), (-1, -1), SHADE),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ],
    )
