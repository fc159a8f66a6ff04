"""The table of an invoice's lines, with the working of each under it, and the sums below."""

from __future__ import annotations

from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import LongTable, Paragraph, Table

from billing_platform.lib.money import ZERO
from billing_platform.lib.quantities import plain_number
from invoicing.documents.document import DocumentLine, DocumentStep, InvoiceDocument
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

_COLUMNS = (7 * mm, None, 15 * mm, 25 * mm, 24 * mm, 27 * mm, 23 * mm)  # None takes what is left
_HEADS = (("#", "DESCRIPTION", "SAC"), ("QUANTITY", "UNIT PRICE", "TAXABLE VALUE", "TAX"))
_TAXABLE, _LAST = 5, 6  # columns
_STYLE: list[Any] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]


def lines_table(document: InvoiceDocument, width: float) -> Table:
    left = ParagraphStyle("head", parent=LABEL, textColor=readable_on(document.brand_colour))
    right = ParagraphStyle("head-right", parent=left, alignment=TA_RIGHT)
    rows: list[list[Any]] = [
        [*(paragraph(text, left) for text in _HEADS[0]), *(paragraph(text, right) for text in _HEADS[1])]
    ]
    style = [*_STYLE, ("BACKGROUND", (0, 0), (-1, 0), HexColor(document.brand_colour))]
    for line in document.lines:
        first = len(rows)
        rows.append(_line(document, line))
        rows += [_step(document, step) for step in line.steps]
        last = len(rows) - 1
        style += [("LINEBELOW", (0, last), (-1, last), 0.5, RULE), *_step_style(first + 1, last)]
    fixed = sum(column for column in _COLUMNS if column)
    return LongTable(
        rows,
        colWidths=[column or width - fixed for column in _COLUMNS],
        repeatRows=1,
        splitInRow=1,  # a description may be longer than a page
        style=style,
    )


def _line(document: InvoiceDocument, line: DocumentLine) -> list[Paragraph]:
    quantity = plain_number(line.quantity) + (f" {line.unit}" if line.unit else "")
    price = "" if line.unit_price is None else document.exactly(line.unit_price)
    return [
        paragraph(str(line.position), BODY),
        paragraph(line.description, BODY),
        paragraph(line.sac, BODY),
        paragraph(quantity, RIGHT),
        paragraph(price, RIGHT),
        paragraph(document.money(line.amount), RIGHT),
        _tax(document, line),
    ]


def _tax(document: InvoiceDocument, line: DocumentLine) -> Paragraph:
    rate = percent(line.tax_rate)
    if line.tax_amount is None:
        return paragraph(rate, RIGHT)
    amount = safe(document.money(line.tax_amount))
    return marked_up(f'{amount}<br/><font size="{SMALL.fontSize}">{rate}</font>', RIGHT)


def _step(document: InvoiceDocument, step: DocumentStep) -> list[Any]:
    """“Tier 1: 1,000 × ₹1.00” and what it comes to, under the line that the steps add up to."""
    factors = [plain_number(step.quantity)] if step.quantity else []
    if step.unit_price:
        factors.append(document.exactly(step.unit_price))
    parts = [" × ".join(factors)] if factors else []
    if step.flat_fee and step.flat_fee != step.amount:
        parts.append(document.exactly(step.flat_fee))
    working = " + ".join(parts)
    text = f"{step.description}: {working}" if step.description and working else step.description or working
    amount = document.exactly(step.amount) if step.amount or step.unit_price or step.flat_fee else ""
    return ["", paragraph(text, SMALL), "", "", "", paragraph(amount, SMALL_RIGHT), ""]


def _step_style(first: int, last: int) -> list[Any]:
    if last < first:
        return []
    spans = [("SPAN", (1, row), (_TAXABLE - 1, row)) for row in range(first, last + 1)]
    close = [("TOPPADDING", (0, first), (-1, last), 0), ("BOTTOMPADDING", (0, first - 1), (-1, last - 1), 1)]
    return [*spans, *close, ("LEFTPADDING", (1, first), (1, last), 10)]


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
