"""A statement of account as PDF: letterhead, one table for each currency, and what is still to be paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from reportlab.lib.units import mm

from billing_platform.lib.dates_in_words import days_text
from invoicing.documents.archive import Description
from invoicing.documents.document import DocumentParty
from invoicing.documents.fonts import register_fonts
from invoicing.documents.layout import Band, Section, gap, padded, ruled, shaded, shifted, side_by_side, stack, unbroken
from invoicing.documents.paper import TEXT_WIDTH, Paper, identity, paged, printed
from invoicing.documents.parts import logo_or_name, party_block
from invoicing.documents.style import BODY, INSET, LABEL, SHADE, SMALL, STRONG, Align, Branding, Type, day

TITLE = "Statement of account"


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """Texts as they are printed. `columns` are heads and percentages of the width; those from `numbers_from` on are
    numbers. Rows in `strong` are printed bold."""

    title: str
    columns: tuple[tuple[str, int], ...]
    rows: Sequence[tuple[str, ...]]
    numbers_from: int
    strong: frozenset[int] = frozenset()
    note: str = ""


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
    half = TEXT_WIDTH / 2
    title = Type(size=17, leading=21, bold=True, colour=brand.ink)
    words = [
        *stack(TITLE.upper(), title, half, x=half, align=Align.RIGHT),
        *stack(span, STRONG, half, x=half, align=Align.RIGHT),
    ]
    yield Section([*side_by_side(logo_or_name(statement.seller, brand, half - 5 * mm, logo), words), *gap(6 * mm)])
    third = TEXT_WIDTH * 0.34
    yield Section(
        [
            *side_by_side(
                party_block("FROM", statement.seller, brand, third - 5 * mm),
                shifted(party_block("TO", statement.customer, brand, third - 5 * mm), third),
                shifted(_owed(statement, TEXT_WIDTH - 2 * third), 2 * third),
            ),
            *gap(5 * mm),
        ]
    )
    for table in statement.tables:
        yield _table(table, brand)
        yield Section(gap(5 * mm))
    yield Section(stack("Debit: you owe more. Credit: you owe less. This is no tax invoice.", SMALL, TEXT_WIDTH))


def _owed(statement: PrintedStatement, width: float) -> list[Band]:
    inside = width - 12
    label = stack(f"BALANCE ON {day(statement.last)}", LABEL, inside, x=6)
    amount = stack(statement.owed, Type(size=12, leading=16, bold=True), inside, x=6)
    return shaded(padded([*label, *amount], above=4, below=5), width, SHADE)


def _table(table: PrintedTable, brand: Branding) -> Section:
    head_type = replace(LABEL, colour=brand.on_colour)
    heads = tuple(head.upper() for head, _share in table.columns)
    head = [
        *unbroken(padded(stack(table.title, STRONG, TEXT_WIDTH), below=2), with_next=True),
        *unbroken(
            shaded(padded(_row(table, heads, head_type), above=3, below=3), TEXT_WIDTH, brand.colour), with_next=True
        ),
    ]
    bands: list[Band] = []
    for number, row in enumerate(table.rows):
        style = STRONG if number in table.strong else BODY
        bands += unbroken(ruled(padded(_row(table, row, style), above=2.5, below=3), TEXT_WIDTH))
    if table.note:
        bands += padded(stack(table.note, SMALL, TEXT_WIDTH), above=3)
    return Section(bands, head=head)


def _row(table: PrintedTable, texts: tuple[str, ...], style: Type) -> list[Band]:
    cells, x = [], 0.0
    for number, (text, (_head, share)) in enumerate(zip(texts, table.columns, strict=True)):
        width = share * TEXT_WIDTH / 100
        align = Align.RIGHT if number >= table.numbers_from else Align.LEFT
        cells.append(stack(text, style, width - 2 * INSET, x=x + INSET, align=align))
        x += width
    return side_by_side(*cells)
