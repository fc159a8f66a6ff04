"""The sums under the lines, and the total in words."""

from __future__ import annotations

from billing_platform.lib.colours import INK
from billing_platform.lib.money import ZERO
from invoicing.documents.document import InvoiceDocument
from invoicing.documents.layout import Band, Fill, padded, shaded, side_by_side, stack, unbroken
from invoicing.documents.style import BODY, INSET, LABEL, SHADE, Align, Branding, Type, percent
from invoicing.documents.text import width_of

_START = 0.42  # of the width
_TOTAL = Type(size=10.5, leading=14, bold=True)


def sums_block(document: InvoiceDocument, brand: Branding, width: float) -> list[Band]:
    words = brand.wording
    rows = [(words.subtotal, document.subtotal)]
    if document.discount_total:
        rows += [(words.discount, -document.discount_total), (words.sum_taxable, document.taxable_amount)]
    for tax in document.taxes:
        on = words.tax_on.format(tax=f"{tax.name} {percent(tax.rate)}", amount=document.money(tax.taxable_amount))
        rows.append((on, tax.amount))
    if not document.taxes:
        rows.append((document.tax_note or words.sum_tax, ZERO))
    if document.round_off:
        rows.append((words.round_off, document.round_off))
    bands = [band for name, amount in rows for band in _row(name, document.money(amount), BODY, width)]
    total = _row(words.total, document.money(document.total), _TOTAL, width)
    return unbroken([*bands, *_under_a_rule(total, width), *_in_words(document, brand, width)])


def _row(name: str, amount: str, style: Type, width: float) -> list[Band]:
    start, right = width * _START, max(width * 0.22, width_of(amount, style) + INSET)
    label = stack(name, style, width - start - right - 2 * INSET, x=start + INSET)
    value = stack(amount, style, right - INSET, x=width - right, align=Align.RIGHT)
    return padded(side_by_side(label, value), above=1.5, below=2)


def _under_a_rule(bands: list[Band], width: float) -> list[Band]:
    start = width * _START
    (first, *others) = shaded(padded(bands, above=2, below=2), width - start, SHADE, x=start)
    rule = Fill(start, 0, width - start, 1, INK)
    return [Band(first.height, (*first.marks, rule)), *others]


def _in_words(document: InvoiceDocument, brand: Branding, width: float) -> list[Band]:
    label = padded(stack(brand.wording.in_words, LABEL, width), above=4)
    return [*label, *stack(document.total_in_words, BODY, width)]
