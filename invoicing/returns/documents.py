"""A final document as a return sees it: who, when, where, and its rupees by rate and service code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from billing_platform.lib.gst import OTHER_COUNTRIES
from billing_platform.lib.money import ZERO, round_money
from invoicing.documents.document import InvoiceDocument
from invoicing.gst_heads import SupplyKind
from invoicing.rates import BOOKS
from invoicing.returns.rounding import settle

EXPORTS = frozenset({SupplyKind.EXPORT_WITH_PAYMENT, SupplyKind.EXPORT_WITHOUT_PAYMENT})
SEZ = frozenset({SupplyKind.SEZ_WITH_PAYMENT, SupplyKind.SEZ_WITHOUT_PAYMENT})


class DocumentKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Amounts:
    """Rupees. Cess is always 0: no service has one. `sgst` is UTGST too."""

    taxable: Decimal = ZERO
    igst: Decimal = ZERO
    cgst: Decimal = ZERO
    sgst: Decimal = ZERO

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.taxable + other.taxable, self.igst + other.igst, self.cgst + other.cgst, self.sgst + other.sgst
        )

    def __neg__(self) -> Amounts:
        return Amounts(-self.taxable, -self.igst, -self.cgst, -self.sgst)

    def __bool__(self) -> bool:
        return bool(self.taxable or self.igst or self.cgst or self.sgst)

    @property
    def tax(self) -> Decimal:
        return self.igst + self.cgst + self.sgst


@dataclass(frozen=True, slots=True)
class Piece:
    """What a document has of one rate (percent) and one service code."""

    rate: Decimal
    sac: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class OriginalInvoice:
    """The invoice of a credit note; `value` in rupees, tax included."""

    number: str
    issue_date: date
    value: Decimal


class Irn(StrEnum):
    """How the document stands with the e-invoice portal. Empty: it needs no number of it, or has had one for days."""

    FINE = ""
    NEW = "new"
    MISSING = "missing"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ReturnDocument:
    """An invoice or a credit note that has a number. All amounts are rupees, and positive on a note too.

    `series` and `sequence_number` make the number. A void invoice counts only as a number; so does a commercial credit
    note, which is in no return (`is_commercial`).
    """

    id: UUID
    kind: DocumentKind
    number: str
    series: str
    sequence_number: int
    issue_date: date
    supply_kind: SupplyKind
    place_of_supply: str  # State code; 96 is abroad
    seller_gstin: str
    customer_gstin: str
    customer_name: str
    value: Decimal
    round_off: Decimal
    pieces: tuple[Piece, ...]
    customer_email: str = ""
    customer_pin: str = ""
    lut_number: str = ""
    irn: Irn = Irn.FINE
    is_void: bool = False
    is_commercial: bool = False
    original: OriginalInvoice | None = None

    @property
    def is_note(self) -> bool:
        return self.kind == DocumentKind.CREDIT_NOTE

    @property
    def is_export(self) -> bool:
        return self.supply_kind in EXPORTS

    @property
    def is_sez(self) -> bool:
        return self.supply_kind in SEZ

    @property
    def is_inter_state(self) -> bool:
        """Integrated tax is due: another State, abroad, or a Special Economic Zone wherever it lies."""
        return self.is_sez or self.is_export or self.place_of_supply != self.seller_gstin[:2]

    @property
    def is_registered(self) -> bool:
        return bool(self.customer_gstin)

    @property
    def amounts(self) -> Amounts:
        return sum((piece.amounts for piece in self.pieces), Amounts())

    @property
    def is_of_nothing(self) -> bool:
        return not self.value and not any(piece.amounts for piece in self.pieces)

    @property
    def taxed(self) -> tuple[Piece, ...]:
        """Without what is nil-rated: a service at 0% that is no export."""
        return tuple(piece for piece in self.pieces if piece.rate or self.is_export)

    @property
    def nil_rated(self) -> Decimal:
        return sum((piece.amounts.taxable for piece in self.pieces if not piece.rate and not self.is_export), ZERO)

    def by_rate(self) -> dict[Decimal, Amounts]:
        """What is taxed, in order of first appearance: one entry of a section for each rate."""
        found: dict[Decimal, Amounts] = {}
        for piece in self.taxed:
            found[piece.rate] = found.get(piece.rate, Amounts()) + piece.amounts
        return found


def pieces_of(document: InvoiceDocument, booked: Amounts) -> tuple[Piece, ...]:
    """The lines of a frozen document by rate and service code, in the rupees that were booked for it."""
    taxable: dict[tuple[Decimal, str], Decimal] = {}
    tax: dict[tuple[Decimal, str], Decimal] = {}
    for line in document.lines:
        key = line.tax_rate if line.gst_rate is None else line.gst_rate, line.sac
        taxable[key] = taxable.get(key, ZERO) + line.taxable_value
        tax[key] = tax.get(key, ZERO) + (line.tax_amount or ZERO)
    columns = [
        settle(list(taxable.values()), booked.taxable),
        *(settle(list(tax.values()), head) for head in (booked.igst, booked.cgst, booked.sgst)),
    ]
    rows = zip(taxable, *columns, strict=True)
    return tuple(Piece(rate, sac, Amounts(*amounts)) for (rate, sac), *amounts in rows)


def value_of(document: InvoiceDocument) -> tuple[Decimal, Decimal]:
    """The document's total and round-off in rupees."""
    if document.currency == BOOKS or document.exchange is None:
        return round_money(document.total, BOOKS), round_money(document.round_off, BOOKS)
    return round_money(document.exchange.total, BOOKS), ZERO


def is_abroad(place_of_supply: str) -> bool:
    return place_of_supply == OTHER_COUNTRIES
