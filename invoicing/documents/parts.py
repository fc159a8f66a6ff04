"""The parts of an invoice, top to bottom, as ReportLab flowables.

Each part can go on on the next page or is short by its nature: a long text must never make a page that can't be drawn.
"""

from __future__ import annotations

from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Image, KeepTogether, Spacer, Table

from billing_platform.lib.dates_in_words import days_text
from billing_platform.lib.number_formats import format_money, format_number
from invoicing.documents.document import DocumentParty, ExchangeNote, InvoiceDocument
from invoicing.documents.fonts import BOLD
from invoicing.documents.lines import LinesTable, sums_table
from invoicing.documents.payment import credit_block, payment_block, void_notice
from invoicing.documents.standing import Standing
from invoicing.documents.style import (
    BODY,
    FLUSH,
    LABEL,
    SHADE,
    SMALL,
    STRONG,
    STRONG_RIGHT,
    brand_ink,
    day,
)
from invoicing.documents.text import marked_up, paragraph, safe

_LOGO_WIDTH, _LOGO_HEIGHT = 60 * mm, 18 * mm


def story(document: InvoiceDocument, width: float, logo: bytes | None, standing: Standing) -> list[Flowable]:
    parts = [
        _title(document, width, logo),
        Spacer(0, 6 * mm),
        *void_notice(document, width, standing),
        _parties(document, width),
        Spacer(0, 5 * mm),
        LinesTable.of(document, width),
        Spacer(0, 3 * mm),
        KeepTogether([sums_table(document, width), Spacer(0, 2 * mm), *_in_words(document, width)]),
    ]
    if document.exchange:
        parts += [Spacer(0, 4 * mm), _exchange(document.exchange)]
    if document.endorsement:
        parts += [Spacer(0, 4 * mm), _endorsement(document, width)]
    if document.credits:
        parts += [Spacer(0, 5 * mm), *credit_block(document.credits, width, document.brand_colour)]
    else:
        parts += [Spacer(0, 5 * mm), *payment_block(document, width, standing)]
    if document.notes:
        parts += [Spacer(0, 3 * mm), paragraph("NOTES", LABEL), paragraph(document.notes, BODY)]
    return [*parts, Spacer(0, 3 * mm), paragraph("Issued electronically; no signature is required.", SMALL)]


def _title(document: InvoiceDocument, width: float, logo: bytes | None) -> Table:
    brand = brand_ink(document.brand_colour)
    name = ParagraphStyle("seller", parent=STRONG, fontSize=15, leading=18, textColor=brand)
    title = ParagraphStyle("title", parent=STRONG_RIGHT, fontSize=17, leading=20, textColor=brand)
    number = ParagraphStyle("number", parent=STRONG_RIGHT, fontSize=10.5, leading=14)
    left = _logo(logo) or paragraph(" ".join(document.seller.name.split()), name)
    right = [paragraph(document.title.upper(), title), paragraph(document.number, number)]
    return Table([[left, right]], colWidths=[width * 0.58, width * 0.42], style=FLUSH)


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
    style = [*FLUSH, ("RIGHTPADDING", (0, 0), (1, 0), 5 * mm)]
    return Table([cells], colWidths=[width * 0.34, width * 0.34, width * 0.32], style=style, splitInRow=1)


def _party(label: str, party: DocumentParty) -> list[Flowable]:
    rows = [paragraph(label, LABEL), paragraph(party.name, STRONG)]
    rows += [paragraph(line, BODY) for line in party.address_lines]
    rows += [paragraph(f"State: {party.state}", BODY)] if party.state else []
    rows += [paragraph(party.country, BODY)] if party.country else []
    for name, value in (("GSTIN", party.gstin), ("PAN", party.pan), ("Tax id", party.tax_id)):
        strong = f'{name}: <font name="{BOLD}">{safe(value, bold=True)}</font>'
        rows += [marked_up(strong, BODY)] if value else []
    rows += [paragraph(party.email, SMALL)] if party.email else []
    return rows


def _facts(document: InvoiceDocument, width: float) -> Table:
    name = "Credit note" if document.credits else "Invoice"
    facts = [(f"{name} number", document.number), (f"{name} date", day(document.issue_date))]
    facts += [("Due date", day(document.due_date))] if document.due_date else []
    if document.credits:
        facts += [("Original invoice", document.credits.number), ("Its date", day(document.credits.issue_date))]
    facts += [("Payment terms", document.payment_terms)] if document.payment_terms else []
    if document.period_start and document.period_last_day:
        facts.append(("Period", days_text(document.period_start, document.period_last_day)))
    facts += [("Purchase order", document.purchase_order)] if document.purchase_order else []
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


def _in_words(document: InvoiceDocument, width: float) -> list[Flowable]:
    cells = [[paragraph("AMOUNT IN WORDS", LABEL)], [paragraph(document.total_in_words, BODY)]]
    return [Table(cells, [width], style=FLUSH)]


def _exchange(note: ExchangeNote) -> KeepTogether:
    amounts = [
        (name, format_money(amount, note.target))
        for name, amount in (
            ("Taxable value", note.taxable_amount),
            ("Tax", note.tax_total),
            ("Total", note.total),
        )
    ]
    rate = (
        f"1 {note.base} = {format_number(note.rate)} {note.target} on {day(note.as_of)} ({note.source}). "
        + " · ".join(f"{name}: {value}" for name, value in amounts)
    )
    return KeepTogether([paragraph(f"VALUE IN {note.target}", LABEL), paragraph(rate, BODY)])


def _endorsement(document: InvoiceDocument, width: float) -> Table:
    box = [("BOX", (0, 0), (-1, -1), 0.75, HexColor(document.brand_colour)), ("BACKGROUND", (0, 0), (-1, -1), SHADE)]
    return Table([[paragraph(document.endorsement, STRONG)]], colWidths=[width], style=box, splitInRow=1)
