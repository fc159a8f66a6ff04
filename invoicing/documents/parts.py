"""The parts of an invoice, top to bottom, as ReportLab flowables."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, Spacer, Table

from billing_platform.lib.dates_in_words import days_text
from billing_platform.lib.money import ZERO, Money, format_money
from invoicing.documents.document import DocumentLine, ExchangeNote, InvoiceDocument, Party
from invoicing.documents.fonts import BOLD
from invoicing.documents.style import (
    BODY,
    INK,
    LABEL,
    RIGHT,
    RULE,
    SHADE,
    SMALL,
    STRONG,
    STRONG_RIGHT,
    brand_ink,
    day,
    paragraph,
    plain_number,
    readable_on,
    safe,
)

_FLUSH = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
_LOGO_WIDTH, _LOGO_HEIGHT = 60 * mm, 18 * mm
_QR = 26 * mm
_COLUMNS = (8 * mm, None, 17 * mm, 26 * mm, 26 * mm, 13 * mm, 28 * mm)  # None takes what is left


def story(document: InvoiceDocument, width: float, logo: bytes | None) -> list[Flowable]:
    parts = [
        _title(document, width, logo),
        Spacer(0, 6 * mm),
        _parties(document, width),
        Spacer(0, 5 * mm),
        _lines(document, width),
        Spacer(0, 3 * mm),
        KeepTogether([_sums(document, width), Spacer(0, 2 * mm), *_in_words(document, width)]),
    ]
    if document.exchange:
        parts += [Spacer(0, 4 * mm), _exchange(document.exchange)]
    if document.endorsement:
        parts += [Spacer(0, 4 * mm), _endorsement(document, width)]
    parts += [Spacer(0, 5 * mm), KeepTogether(_payment(document, width))]
    return parts


def _title(document: InvoiceDocument, width: float, logo: bytes | None) -> Table:
    brand = brand_ink(document.brand_colour)
    name = ParagraphStyle("seller", parent=STRONG, fontSize=15, leading=18, textColor=brand)
    title = ParagraphStyle("title", parent=STRONG_RIGHT, fontSize=17, leading=20, textColor=brand)
    number = ParagraphStyle("number", parent=STRONG_RIGHT, fontSize=10.5, leading=14)
    left = _logo(logo) or paragraph(document.seller.name, name)
    right = [paragraph(document.title.upper(), title), paragraph(document.number, number)]
    return Table([[left, right]], colWidths=[width * 0.58, width * 0.42], style=_FLUSH)


def _logo(content: bytes | None) -> Image | None:
    if content is None:
        return None
    across, down = ImageReader(BytesIO(content)).getSize()
    scale = min(_LOGO_WIDTH / across, _LOGO_HEIGHT / down)
    return Image(BytesIO(content), width=across * scale, height=down * scale, hAlign="LEFT")


def _parties(document: InvoiceDocument, width: float) -> Table:
    cells = [
        _party("FROM", document.seller),
        _party("BILL TO", document.customer),
        _facts(document, width * 0.32),
    ]
    style = [*_FLUSH, ("RIGHTPADDING", (0, 0), (1, 0), 5 * mm)]
    return Table([cells], colWidths=[width * 0.34, width * 0.34, width * 0.32], style=style)


def _party(label: str, party: Party) -> list[Flowable]:
    rows = [paragraph(label, LABEL), paragraph(party.name, STRONG)]
    rows += [paragraph(line) for line in party.address_lines]
    rows += [paragraph(f"State: {party.state}")] if party.state else []
    rows += [paragraph(party.country)] if party.country else []
    for name, value in (("GSTIN", party.gstin), ("Tax id", party.tax_id)):
        rows += [Paragraph(f'{name}: <font name="{BOLD}">{safe(value)}</font>', BODY)] if value else []
    rows += [paragraph(party.email, SMALL)] if party.email else []
    return rows


def _facts(document: InvoiceDocument, width: float) -> Table:
    facts = [("Invoice number", document.number), ("Invoice date", day(document.issue_date))]
    facts += [("Due date", day(document.due_date))]
    if document.period_start and document.period_last_day:
        facts.append(("Period", days_text(document.period_start, document.period_last_day)))
    facts += [("Currency", document.currency)]
    facts += [("Place of supply", document.place_of_supply)] if document.place_of_supply else []
    facts += [("Reverse charge", document.reverse_charge)]
    facts += [("LUT", document.lut_number)] if document.lut_number else []
    rows = [[paragraph(name, SMALL), paragraph(value, STRONG)] for name, value in facts]
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), SHADE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
    return Table(rows, colWidths=[width * 0.42, width * 0.58], style=style)


def _lines(document: InvoiceDocument, width: float) -> Table:
    fixed = sum(column for column in _COLUMNS if column)
    left = ParagraphStyle("head", parent=LABEL, textColor=readable_on(document.brand_colour))
    right = ParagraphStyle("head-right", parent=left, alignment=TA_RIGHT)
    head = [paragraph(text, left) for text in ("#", "DESCRIPTION", "SAC")]
    head += [paragraph(text, right) for text in ("QUANTITY", "UNIT PRICE", "TAX %", "AMOUNT")]
    return Table(
        [head, *(_line(document, line) for line in document.lines)],
        colWidths=[column or width - fixed for column in _COLUMNS],
        repeatRows=1,
        splitInRow=1,  # a description may be longer than a page
        style=[
            ("BACKGROUND", (0, 0), (-1, 0), HexColor(document.brand_colour)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 1), (-1, -1), 0.5, RULE),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ],
    )


def _line(document: InvoiceDocument, line: DocumentLine) -> list[Paragraph]:
    quantity = plain_number(line.quantity) + (f" {line.unit}" if line.unit else "")
    price = "" if line.unit_price is None else plain_number(line.unit_price)
    return [
        paragraph(str(line.position)),
        paragraph(line.description),
        paragraph(line.sac),
        paragraph(quantity, RIGHT),
        paragraph(price, RIGHT),
        paragraph(plain_number(line.tax_rate), RIGHT),
        paragraph(document.money(line.amount), RIGHT),
    ]


def _sums(document: InvoiceDocument, width: float) -> Table:
    rows = [("Subtotal", document.subtotal)]
    if document.discount_total:
        rows += [("Discount", -document.discount_total), ("Taxable value", document.taxable_amount)]
    for tax in document.taxes:
        label = f"{tax.name} {plain_number(tax.rate)}% on {document.money(tax.taxable_amount)}"
        rows.append((label, tax.amount))
    if not document.taxes:
        rows.append(("Tax", ZERO))
    if document.round_off:
        rows.append(("Round-off", document.round_off))
    cells = [["", paragraph(label), paragraph(document.money(amount), RIGHT)] for label, amount in rows]
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


def _in_words(document: InvoiceDocument, width: float) -> list[Flowable]:
    return [Table([[paragraph("AMOUNT IN WORDS", LABEL)], [paragraph(document.total_in_words)]], [width], style=_FLUSH)]


def _exchange(note: ExchangeNote) -> KeepTogether:
    amounts = [
        (name, format_money(Money(amount, note.target)))
        for name, amount in (
            ("Taxable value", note.taxable_amount),
            ("Tax", note.tax_total),
            ("Total", note.total),
        )
    ]
    rate = (
        f"1 {note.base} = {plain_number(note.rate)} {note.target} on {day(note.as_of)} ({note.source}). "
        + " · ".join(f"{name}: {value}" for name, value in amounts)
    )
    return KeepTogether([paragraph(f"VALUE IN {note.target}", LABEL), paragraph(rate)])


def _endorsement(document: InvoiceDocument, width: float) -> Table:
    box = [("BOX", (0, 0), (-1, -1), 0.75, HexColor(document.brand_colour)), ("BACKGROUND", (0, 0), (-1, -1), SHADE)]
    return Table([[paragraph(document.endorsement, STRONG)]], colWidths=[width], style=box)


def _payment(document: InvoiceDocument, width: float) -> list[Flowable]:
    left = _how_to_pay(document) if document.total > ZERO else []
    if document.notes:
        left += [Spacer(0, 3 * mm), paragraph("NOTES", LABEL), paragraph(document.notes)]
    left += [Spacer(0, 3 * mm), paragraph("Issued electronically; no signature is required.", SMALL)]
    right: list[Flowable] = [_qr(document.upi_url), paragraph("Scan to pay by UPI", SMALL)] if document.upi_url else []
    return [Table([[left, right]], colWidths=[width - _QR - 6 * mm, _QR + 6 * mm], style=_FLUSH)]


def _how_to_pay(document: InvoiceDocument) -> list[Flowable]:
    rows: list[Flowable] = [paragraph("HOW TO PAY", LABEL)]
    bank = document.bank
    details = (
        ("Account name", bank.account_name if bank.account_number else ""),
        ("Bank", bank.bank_name),
        ("Account number", bank.account_number),
        ("IFSC", bank.ifsc),
        ("UPI", bank.upi_id if document.upi_url else ""),  # it moves rupees only
    )
    rows += [paragraph(f"{name}: {value}") for name, value in details if value]
    rows.append(paragraph(f"Please quote {document.number}."))
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
    return Table([[Paragraph(markup, label)]], colWidths=[28 * mm], style=style, hAlign="LEFT")


def _qr(content: str) -> Drawing:
    code = QrCodeWidget(content, barLevel="M", barWidth=_QR, barHeight=_QR, barBorder=0)
    drawing = Drawing(_QR, _QR)
    drawing.add(code)
    return drawing
