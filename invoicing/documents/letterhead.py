"""What papers other than invoices begin with and are made of: logo and title, both parties, a figure, tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reportlab.lib.units import mm

from invoicing.documents.document import DocumentParty
from invoicing.documents.layout import Band, Section, gap, padded, ruled, shaded, shifted, side_by_side, stack, unbroken
from invoicing.documents.paper import TEXT_WIDTH
from invoicing.documents.parts import logo_or_name, party_block
from invoicing.documents.style import BODY, INSET, LABEL, SHADE, SMALL, STRONG, Align, Branding, Type


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
class Letterhead:
    title: str
    below: str
    seller: DocumentParty
    customer: DocumentParty
    figure_label: str
    figure: str


def letterhead(head: Letterhead, brand: Branding, logo: bytes | None) -> Iterator[Section]:
    """Logo or name and the title; below them from whom, to whom, and the one figure that matters."""
    half = TEXT_WIDTH / 2
    title = Type(size=17, leading=21, bold=True, colour=brand.ink)
    words = [
        *stack(head.title.upper(), title, half, x=half, align=Align.RIGHT),
        *stack(head.below, STRONG, half, x=half, align=Align.RIGHT),
    ]
    yield Section([*side_by_side(logo_or_name(head.seller, brand, half - 5 * mm, logo), words), *gap(6 * mm)])
    third = TEXT_WIDTH * 0.34
    yield Section(
        [
            *side_by_side(
                party_block("FROM", head.seller, brand, third - 5 * mm),
                shifted(party_block("TO", head.customer, brand, third - 5 * mm), third),
                shifted(_figure(head, TEXT_WIDTH - 2 * third), 2 * third),
            ),
            *gap(5 * mm),
        ]
    )


def table_section(table: PrintedTable, brand: Branding) -> Section:
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


def _figure(head: Letterhead, width: float) -> list[Band]:
    inside = width - 12
    label = stack(head.figure_label.upper(), LABEL, inside, x=6)
    amount = stack(head.figure, Type(size=12, leading=16, bold=True), inside, x=6)
    return shaded(padded([*label, *amount], above=4, below=5), width, SHADE)


def _row(table: PrintedTable, texts: tuple[str, ...], style: Type) -> list[Band]:
    cells, x = [], 0.0
    for number, (text, (_head, share)) in enumerate(zip(texts, table.columns, strict=True)):
        width = share * TEXT_WIDTH / 100
        align = Align.RIGHT if number >= table.numbers_from else Align.LEFT
        cells.append(stack(text, style, width - 2 * INSET, x=x + INSET, align=align))
        x += width
    return side_by_side(*cells)
