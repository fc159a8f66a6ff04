"""The foot of an invoice: how to pay it; or, once that is past, why there is nothing to pay. Of a credit note: why."""

from __future__ import annotations

from reportlab.lib.units import mm

from billing_platform.lib.money import ZERO
from invoicing.documents.document import CreditedInvoice, InvoiceDocument
from invoicing.documents.layout import (
    Band,
    Code,
    Fill,
    Link,
    Text,
    framed,
    gap,
    padded,
    shaded,
    shifted,
    side_by_side,
    stack,
    unbroken,
)
from invoicing.documents.pairs import pairs
from invoicing.documents.standing import Stage, Standing
from invoicing.documents.style import ALARM, BODY, LABEL, SHADE, SMALL, STRONG, Align, Branding, Type, day
from invoicing.documents.text import one_line

_CODE = 26 * mm
_CODE_COLUMN = 33 * mm
_BUTTON = (28 * mm, 17.0)


def payment_block(document: InvoiceDocument, brand: Branding, width: float, standing: Standing) -> list[Band]:
    due = document.total if standing.due is None else standing.due
    if standing.stage in (Stage.NOTHING_DUE, Stage.CREDITED):
        return _box(brand.wording.payment, standing.note, width, colour=brand.colour)
    if not standing.asks_for_money or due <= ZERO:
        return []
    codes = [(document.upi_url(due), brand.wording.scan_upi), (document.pay_url, brand.wording.scan_online)]
    columns = [_code(content, says) for content, says in codes if content]
    left = width - _CODE_COLUMN * len(columns)
    placed = [shifted(column, left + number * _CODE_COLUMN) for number, column in enumerate(columns)]
    return unbroken(side_by_side(_how_to_pay(document, brand, left - 3 * mm, standing), *placed))


def credit_block(credited: CreditedInvoice, brand: Branding, width: float) -> list[Band]:
    """What a credit note is about. It asks for no money."""
    text = f"{brand.wording.reason}: {credited.reason}" + (f"\n{credited.remark}" if credited.remark else "")
    label = brand.wording.credit_for.format(number=credited.number, day=day(credited.issue_date))
    return _box(label, text, width, colour=brand.colour)


def void_notice(document: InvoiceDocument, brand: Branding, width: float, standing: Standing) -> list[Band]:
    """At the head of a void invoice: that it is, since when, and why."""
    if standing.stage != Stage.VOID:
        return []
    words, name = brand.wording, f"{document.title} {document.number}"
    text = words.cancelled.format(document=name)
    if standing.void_on:
        text = words.cancelled_on.format(document=name, day=day(standing.void_on))
    reason = f"\n{words.reason}: {standing.void_reason}" if standing.void_reason else ""
    return _box(words.void, text + reason, width, colour=ALARM)


def _box(label: str, text: str, width: float, *, colour: str) -> list[Band]:
    """A frame around a sentence. It may go on on the next page: a reason can be long."""
    rows = [*stack(label, LABEL, width - 12, x=6), *stack(text, STRONG, width - 12, x=6)]
    return framed(shaded(unbroken(padded(rows, above=4, below=4)), width, SHADE), width, colour)


def _how_to_pay(document: InvoiceDocument, brand: Branding, width: float, standing: Standing) -> list[Band]:
    rows = stack(brand.wording.how_to_pay, LABEL, width)
    if standing.stage == Stage.PARTLY_PAID and standing.due is not None:
        due, total = document.money(standing.due), document.money(document.total)
        still_due = brand.wording.still_due.format(due=due, total=total)
        rows += stack(f"{still_due} {standing.note}".strip(), STRONG, width)
    rows += pairs(document.transfer if brand.shows_bank else (), width, style=BODY)
    rows += padded(stack(brand.wording.quote.format(number=document.number), BODY, width), above=2)
    if document.pay_url:
        rows += [*gap(2 * mm), *_button(document.pay_url, brand), *gap(1 * mm)]
        rows += stack(document.pay_url, SMALL, width)
    return rows


def _button(url: str, brand: Branding) -> list[Band]:
    least, height = _BUTTON
    style = Type(bold=True, colour=brand.on_colour)
    label = one_line(brand.wording.pay_online, style, 3 * least)
    width = max(least, label.width + height)
    text = Text((width - label.width) / 2, height / 2 + 3, label)
    return [Band(height, (Fill(0, 0, width, height, brand.colour, 3), text, Link(0, 0, width, height, url)))]


def _code(content: str, says: str) -> list[Band]:
    x = _CODE_COLUMN - _CODE
    caption = stack(says, SMALL, _CODE_COLUMN - 2, x=x - (_CODE_COLUMN - 2 - _CODE) / 2, align=Align.CENTRE)
    return [Band(_CODE + 3, (Code(x, 0, _CODE, content),)), *caption]
