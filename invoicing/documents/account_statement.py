"""A statement of account as PDF: letterhead, one table for each currency, and what is still to be paid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from reportlab.lib.units import mm

from billing_platform.lib.dates_in_words import days_text
from invoicing.documents.archive import Description
from invoicing.documents.document import DocumentParty
from invoicing.documents.fonts import register_fonts
from invoicing.documents.layout import Section, gap, stack
from invoicing.documents.letterhead import Letterhead, PrintedTable, letterhead, table_section
from invoicing.documents.paper import TEXT_WIDTH, Paper, identity, paged, printed
from invoicing.documents.style import SMALL, Branding, day

TITLE = "Statement of account"


@dataclass(frozen=True, slots=True)
class PrintedStatement:
    seller: DocumentParty
    customer: DocumentParty
    first: date
    last: date
    owed: str  # in all currencies, as one text
    tables: tuple[PrintedTable, ...]
    brand_colour: str


def render_statement(statement: PrintedStatement, *, logo: bytes | None = None) -> bytes:
    """The same bytes for the same statement. Raises FontMissing where this machine has no font for a script."""
    register_fonts()
    brand, seller = Branding(colour=statement.brand_colour), statement.seller
    span = days_text(statement.first, statement.last)
    paper = Paper(brand, (seller.name, f"{TITLE}, {span}"), identity(seller))
    description = Description(
        title=f"{TITLE} {span}",
        author=seller.name,
        subject=f"{TITLE} for {statement.customer.name}",
        day=statement.last,
    )
    return printed(paged(_sections(statement, brand, logo, span)), paper, description)


def _sections(statement: PrintedStatement, brand: Branding, logo: bytes | None, span: str) -> Iterator[Section]:
    label = f"Balance on {day(statement.last)}"
    head = Letterhead(TITLE, span, statement.seller, statement.customer, label, statement.owed)
    yield from letterhead(head, brand, logo)
    for table in statement.tables:
        yield table_section(table, brand)
        yield Section(gap(5 * mm))
    yield Section(stack("Debit: you owe more. Credit: you owe less. This is no tax invoice.", SMALL, TEXT_WIDTH))
