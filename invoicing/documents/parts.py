"""The parts of an invoice, top to bottom, as sections of bands. They can be as long as their texts are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.lib.units import mm

from billing_platform.lib.dates_in_words import days_text
from billing_platform.lib.number_formats import format_money, format_number
from invoicing.documents.document import DocumentParty, ExchangeNote, InvoiceDocument
from invoicing.documents.layout import (
    Band,
    Code,
    Picture,
    Section,
    framed,
    gap,
    padded,
    shaded,
    shifted,
    side_by_side,
    stack,
    unbroken,
)
from invoicing.documents.lines import lines_section
from invoicing.documents.pairs import pairs
from invoicing.documents.payment import credit_block, payment_block, void_notice
from invoicing.documents.pictures import size_of
from invoicing.documents.standing import Registration, Standing
from invoicing.documents.style import BODY, FINE, LABEL, SHADE, SMALL, STRONG, Align, Branding, Type, day
from invoicing.documents.sums import sums_block
from invoicing.documents.tax_summary import tax_summary

_LOGO_WIDTH, _LOGO_HEIGHT = 60 * mm, 18 * mm
_SIGNED_CODE = 35 * mm  # its codes have more than a hundred modules a side
_BETWEEN_PARTIES = 5 * mm
_INSIDE = 5


def sections(
    document: InvoiceDocument, brand: Branding, width: float, logo: bytes | None, standing: Standing
) -> Iterator[Section]:
    yield _plain(_title(document, brand, width, logo), after=4 * mm)
    if notice := void_notice(document, brand, width, standing):
        yield _plain(notice, after=4 * mm)
    yield _plain(_parties(document, brand, width), after=4 * mm)
    yield lines_section(document, brand, width)
    yield _plain(gap(3 * mm))
    yield _plain(sums_block(document, brand, width))
    if document.exchange:
        yield _plain(gap(3 * mm))
        yield _plain(_exchange(document.exchange, brand, width))
    if summary := tax_summary(document, brand, width):
        yield _plain(gap(4 * mm))
        yield summary
    if document.endorsement:
        yield _plain(gap(4 * mm))
        yield _plain(_endorsement(document, brand, width))
    if document.tax_remark:
        yield _plain(gap(4 * mm))
        yield _plain(stack(document.tax_remark, BODY, width))
    if standing.registration:
        yield _plain(gap(4 * mm))
        yield _plain(_registration(standing.registration, brand, width))
    yield _plain(gap(5 * mm))
    if document.credits:
        yield _plain(credit_block(document.credits, brand, width))
    else:
        yield _plain(payment_block(document, brand, width, standing))
    if document.notes:
        yield _plain(gap(3 * mm))
        label = unbroken(stack(brand.wording.notes, LABEL, width), with_next=True)
        yield _plain([*label, *stack(document.notes, BODY, width)])
    yield _plain(gap(3 * mm))
    yield _plain(stack(brand.wording.electronic, SMALL, width))


def _plain(bands: Sequence[Band], *, after: float = 0) -> Section:
    return Section([*bands, *gap(after)] if after else bands)


def _title(document: InvoiceDocument, brand: Branding, width: float, logo: bytes | None) -> list[Band]:
    left, right = width * 0.54, width * 0.46
    title = Type(size=17, leading=21, bold=True, colour=brand.ink)
    number = Type(size=10.5, leading=14, bold=True)
    words = [
        *stack(brand.wording.titled(document.title).upper(), title, right, x=left, align=Align.RIGHT),
        *stack(document.number, number, right, x=left, align=Align.RIGHT),
    ]
    if document.supply_kind and not document.credits and document.charges_gst:
        words += stack(brand.wording.original, LABEL, right, x=left, align=Align.RIGHT)
    return side_by_side(logo_or_name(document.seller, brand, left - 5 * mm, logo), words)


def logo_or_name(seller: DocumentParty, brand: Branding, width: float, logo: bytes | None) -> list[Band]:
    if logo:
        return _logo(logo)
    return stack(" ".join(seller.name.split()), Type(size=15, leading=18, bold=True, colour=brand.ink), width)


def _logo(content: bytes) -> list[Band]:
    across, down = size_of(content)
    scale = min(_LOGO_WIDTH / across, _LOGO_HEIGHT / down)
    width, height = across * scale, down * scale
    return [Band(height, (Picture(0, 0, width, height, content),))]


def _parties(document: InvoiceDocument, brand: Branding, width: float) -> list[Band]:
    third, facts = width * 0.34, width * 0.32
    room, words = third - _BETWEEN_PARTIES, brand.wording
    return side_by_side(
        party_block(words.seller, document.seller, brand, room),
        shifted(party_block(words.customer, document.customer, brand, room), third),
        shifted(shaded(_facts(document, brand, facts), facts, SHADE), 2 * third),
    )


def party_block(label: str, party: DocumentParty, brand: Branding, width: float) -> list[Band]:
    words = brand.wording
    bands = [*stack(label, LABEL, width), *stack(party.name, STRONG, width)]
    for line in party.address_lines:
        bands += stack(line, BODY, width)
    bands += stack(f"{words.state}: {party.state}", BODY, width) if party.state else []
    bands += stack(party.country, BODY, width) if party.country else []
    for name, value in (
        ("GSTIN", party.gstin),
        ("PAN", party.pan),
        ("LLPIN" if "-" in party.cin else "CIN", party.cin),
        ("Udyam", party.udyam),
        (party.tax_id_label or words.tax_id, party.tax_id),
    ):
        bands += _named(name, value, width) if value else []
    return [*bands, *(stack(party.email, SMALL, width) if party.email else [])]


def _named(name: str, value: str, width: float) -> list[Band]:
    """A short name and its value in bold, on one line where there is room."""
    label = stack(f"{name}: ", BODY, width)
    offset = sum(mark.line.width for mark in label[0].marks)  # type: ignore[attr-defined]  # marks of text
    if len(label) > 1 or offset > width / 2:
        return [*label, *stack(value, STRONG, width)]
    return side_by_side(label, stack(value, STRONG, width - offset, x=offset))


def _facts(document: InvoiceDocument, brand: Branding, width: float) -> list[Band]:
    words, credits = brand.wording, document.credits
    facts = [
        (words.note_number if credits else words.invoice_number, document.number),
        (words.note_date if credits else words.invoice_date, day(document.issue_date)),
        (words.due_date, day(document.due_date) if document.due_date else ""),
        (words.original_invoice, credits.number if credits else ""),
        (words.original_date, day(credits.issue_date) if credits else ""),
        (words.payment_terms, document.payment_terms),
        (words.period, _period(document)),
        (words.purchase_order, document.purchase_order),
        (words.currency, document.currency),
        (words.place_of_supply, document.place_of_supply),
        (words.reverse_charge, document.reverse_charge),
        (words.lut, document.lut_number),
    ]
    inside = width - 2 * _INSIDE
    return padded(shifted(pairs(facts, inside, left=inside * 0.42), _INSIDE), above=4, below=4)


def _period(document: InvoiceDocument) -> str:
    if document.period_start and document.period_last_day:
        return days_text(document.period_start, document.period_last_day)
    return ""


def _exchange(note: ExchangeNote, brand: Branding, width: float) -> list[Band]:
    words = brand.wording
    amounts = [
        (words.sum_taxable, note.taxable_amount),
        (words.sum_tax, note.tax_total),
        (words.total, note.total),
    ]
    rate = (
        f"1 {note.base} = {format_number(note.rate)} {note.target} on {day(note.as_of)} ({note.source}). "
        + " · ".join(f"{name}: {format_money(amount, note.target)}" for name, amount in amounts)
    )
    label = f"{words.value_in} {note.target}"
    return unbroken([*stack(label, LABEL, width), *stack(rate, BODY, width)])


def _endorsement(document: InvoiceDocument, brand: Branding, width: float) -> list[Band]:
    bands = padded(stack(document.endorsement, STRONG, width - 12, x=6), above=3, below=4)
    return framed(shaded(unbroken(bands), width, SHADE), width, brand.colour)


def _registration(registration: Registration, brand: Branding, width: float) -> list[Band]:
    left = _SIGNED_CODE + 5 * mm
    room, words = width - left, brand.wording
    numbers = [
        ("IRN", registration.irn),
        (words.ack_number, registration.ack_number),
        (words.ack_date, registration.ack_date),
    ]
    rows = [*stack(words.e_invoice, LABEL, room), *pairs(numbers, room, style=BODY)]
    rows += padded(stack(words.signed_code, FINE, room), above=2)
    code = Band(_SIGNED_CODE, (Code(0, 0, _SIGNED_CODE, registration.signed_qr),))
    return side_by_side([code], shifted(rows, left))
