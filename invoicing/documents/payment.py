"""The foot of an invoice: how to pay it; or, once that is past, why there is nothing to pay. Of a credit note: why."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from billing_platform.lib.money import ZERO
from invoicing.documents.document import CreditedInvoice, InvoiceDocument
from invoicing.documents.standing import Stage, Standing
from invoicing.documents.style import ALARM, BODY, FLUSH, INK, LABEL, SHADE, SMALL, STRONG, day, readable_on
from invoicing.documents.text import marked_up, paragraph, safe

_QR = 26 * mm


def payment_block(document: InvoiceDocument, width: float, standing: Standing) -> list[Flowable]:
    due = document.total if standing.due is None else standing.due
    if standing.stage in (Stage.NOTHING_DUE, Stage.CREDITED):
        return [_box("PAYMENT", standing.note, width, colour=document.brand_colour)]
    if not standing.asks_for_money or due <= ZERO:
        return []
    left = _how_to_pay(document, standing)
    upi = document.upi_url(due)
    right: list[Flowable] = [_UpiCode(upi), paragraph("Scan to pay by UPI", SMALL)] if upi else []
    widths = [width - _QR - 6 * mm, _QR + 6 * mm]
    return [KeepTogether([Table([[left, right]], colWidths=widths, style=FLUSH)])]


def credit_block(credited: CreditedInvoice, width: float, colour: str) -> list[Flowable]:
    """What a credit note is about. It asks for no money."""
    text = f"Reason: {credited.reason}" + (f"\n{credited.remark}" if credited.remark else "")
    return [_box(f"CREDIT FOR INVOICE {credited.number} OF {day(credited.issue_date)}", text, width, colour=colour)]


def void_notice(document: InvoiceDocument, width: float, standing: Standing) -> list[Flowable]:
    """At the head of a void invoice: that it is, since when, and why."""
    if standing.stage != Stage.VOID:
        return []
    on = f" on {day(standing.void_on)}" if standing.void_on else ""
    text = f"{document.title} {document.number} was cancelled{on}. Please don't pay it."
    reason = f"\nReason: {standing.void_reason}" if standing.void_reason else ""
    return [_box("VOID", text + reason, width, colour=ALARM), Spacer(0, 4 * mm)]


def _box(label: str, text: str, width: float, *, colour: str) -> Table:
    """A frame around a sentence. Both rows may go on on the next page: a reason can be long."""
    style: list[Any] = [
        ("BOX", (0, 0), (-1, -1), 0.75, HexColor(colour)),
        ("BACKGROUND", (0, 0), (-1, -1), SHADE),
        ("BOTTOMPADDING", (0, 0), (-1, 0), 0),
    ]
    cells = [[paragraph(label, LABEL)], [paragraph(text, STRONG)]]
    return Table(cells, colWidths=[width], style=style, splitInRow=1)


def _how_to_pay(document: InvoiceDocument, standing: Standing) -> list[Flowable]:
    rows: list[Flowable] = [paragraph("HOW TO PAY", LABEL)]
    if standing.stage == Stage.PARTLY_PAID and standing.due is not None:
        due, total = document.money(standing.due), document.money(document.total)
        rows.append(paragraph(f"{due} of {total} is still due. {standing.note}".strip(), STRONG))
    rows += [paragraph(f"{name}: {value}", BODY) for name, value in document.transfer]
    rows.append(paragraph(f"Please quote {document.number}.", BODY))
    if document.pay_url:
        link = safe(document.pay_url).replace('"', "&quot;")
        rows += [Spacer(0, 2 * mm), _button(document, link), paragraph(document.pay_url, SMALL)]
    return rows


def _button(document: InvoiceDocument, link: str) -> Table:
    colour = readable_on(document.brand_colour)
    label = ParagraphStyle("button", parent=STRONG, textColor=colour)
    markup = f'<a href="{link}" color="#{colour.hexval()[2:]}">Pay online</a>'
    style: list[Any] = [
        ("BACKGROUND", (0, 0), (-1, -1), HexColor(document.brand_colour)),
        ("ROUNDEDCORNERS", [3, 3, 3, 3]),
        ("LEFTPADDING", (0, 0), (-1, -1), 10),
    ]
    return Table([[marked_up(markup, label)]], colWidths=[28 * mm], style=style, hAlign="LEFT")


class _UpiCode(Flowable):  # type: ignore[misc]
    """A QR code as one filled path. ReportLab's own makes a drawing of a thousand rectangles: half of a PDF's time."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.width = self.height = _QR
        self.content = content

    def draw(self) -> None:
        code = QRCode(None, QRErrorCorrectLevel.M)
        code.addData(self.content)
        code.make()
        side = _QR / code.getModuleCount()
        path = self.canv.beginPath()
        for row, modules in enumerate(code.modules):
            column = 0
            for is_dark, members in groupby(map(bool, modules)):
                count = len(list(members))
                if is_dark:
                    path.rect(column * side, _QR - (row + 1) * side, count * side, side)
                column += count
        self.canv.setFillColor(INK)
        self.canv.drawPath(path, stroke=0, fill=1)
