"""A receipt for a payment as PDF: who paid how much and how, and which invoices it is credited to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from reportlab.lib.units import mm

from billing_platform.lib.dates_in_words import day_text
from invoicing.documents.archive import Description
from invoicing.documents.document import DocumentParty
from invoicing.documents.fonts import register_fonts
from invoicing.documents.layout import Section, gap, stack
from invoicing.documents.letterhead import Letterhead, PrintedTable, letterhead, table_section
from invoicing.documents.pairs import pairs
from invoicing.documents.paper import TEXT_WIDTH, Paper, identity, paged, printed
from invoicing.documents.style import SMALL, Branding


@dataclass(frozen=True, slots=True)
class PrintedReceipt:
    title: str
    seller: DocumentParty
    customer: DocumentParty
    reference: str
    day: date
    amount: str
    facts: tuple[tuple[str, str], ...]
    credited: PrintedTable | None
    note: str
    brand_colour: str
    stamp: str = ""


def render_receipt(receipt: PrintedReceipt, *, logo: bytes | None = None) -> bytes:
    """The same bytes for the same receipt. Raises FontMissing where this machine has no font for a script."""
    register_fonts()
    brand, seller = Branding(colour=receipt.brand_colour), receipt.seller
    name = f"{receipt.title} {receipt.reference}".strip()
    paper = Paper(brand, (seller.name, name), identity(seller), receipt.stamp)
    description = Description(
        title=name, author=seller.name, subject=f"{receipt.title} for {receipt.customer.name}", day=receipt.day
    )
    return printed(paged(_sections(receipt, brand, logo)), paper, description)


def _sections(receipt: PrintedReceipt, brand: Branding, logo: bytes | None) -> Iterator[Section]:
    below = day_text(receipt.day)
    head = Letterhead(receipt.title, below, receipt.seller, receipt.customer, "Amount", receipt.amount)
    yield from letterhead(head, brand, logo)
    yield Section([*pairs(receipt.facts, TEXT_WIDTH), *gap(5 * mm)])
    if receipt.credited is not None:
        yield table_section(receipt.credited, brand)
        yield Section(gap(5 * mm))
    yield Section(stack(receipt.note, SMALL, TEXT_WIDTH))
