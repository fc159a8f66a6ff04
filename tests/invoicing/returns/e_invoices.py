"""Documents to make e-invoices of: those of the golden month, built by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from invoicing.documents.document import (
    CreditedInvoice,
    DocumentLine,
    DocumentParty,
    DocumentTax,
    ExchangeNote,
    InvoiceDocument,
)

SELLER = DocumentParty(
    name="Metrics Cloud Private Limited",
    address_lines=("12 Residency Road", "Bengaluru 560025"),
    state="29-Karnataka",
    country="India",
    gstin="29AAACA1234A1ZG",
    email="billing@metrics.example",
    phone="+91 80 4000 1234",
    city="Bengaluru",
    postal_code="560025",
    state_code="29",
    country_code="IN",
)
KARNATAKA = replace(
    SELLER,
    name="Bharat Analytics Limited",
    address_lines=("1 Main Street", "2nd Floor, “Blue\\Tower”", "Mysuru 570001"),
    gstin="29AAACB5678B1ZP",
    email="accounts@bharat.example",
    phone="",
    city="Mysuru",
    postal_code="570001",
)
MAHARASHTRA = replace(
    KARNATAKA, gstin="27AAACB5678B1ZT", state="27-Maharashtra", state_code="27", city="Pune", postal_code="411001"
)
SEZ = replace(KARNATAKA, gstin="24AAACC4321C1ZI", state_code="24", city="Gandhinagar", postal_code="382355")
AMERICAN = DocumentParty(
    name="Globex Inc.",
    address_lines=("1 Market Street", "San Francisco 94105"),
    country="United States",
    city="San Francisco",
    postal_code="94105",
    country_code="US",
)

EIGHTEEN = Decimal(18)


def line(amount: str, *, tax: str = "0.00", rate: Decimal = EIGHTEEN, position: int = 1, **fields: Any) -> DocumentLine:
    values: dict[str, Any] = {
        "position": position,
        "description": "API calls",
        "sac": "998315",
        "quantity": Decimal(1000),
        "unit": "calls",
        "unit_price": None,
        "tax_rate": rate if Decimal(tax) else Decimal(0),
        "amount": Decimal(amount),
        "tax_amount": Decimal(tax),
        "gst_rate": rate,
    }
    return DocumentLine(**values | fields)


def taxes(*rows: tuple[str, str, str, str]) -> tuple[DocumentTax, ...]:
    return tuple(DocumentTax(name, Decimal(rate), Decimal(value), Decimal(tax)) for name, rate, value, tax in rows)


def document(**fields: Any) -> InvoiceDocument:
    """A2627-0001: a customer in the seller's own State, rounded to the rupee."""
    values: dict[str, Any] = {
        "title": "Tax Invoice",
        "number": "A2627-0001",
        "issue_date": date(2026, 10, 5),
        "due_date": date(2026, 10, 20),
        "currency": "INR",
        "seller": SELLER,
        "customer": KARNATAKA,
        "lines": (line("1234.57", tax="222.22"),),
        "taxes": taxes(("CGST", "9", "1234.57", "111.11"), ("SGST", "9", "1234.57", "111.11")),
        "subtotal": Decimal("1234.57"),
        "discount_total": Decimal("0.00"),
        "tax_total": Decimal("222.22"),
        "round_off": Decimal("0.21"),
        "total": Decimal("1457.00"),
        "total_in_words": "",
        "period_start": date(2026, 9, 1),
        "period_last_day": date(2026, 9, 30),
        "supply_kind": "B2B",
        "place_of_supply": "29-Karnataka",
        "purchase_order": "PO-2026/77",
    }
    return InvoiceDocument(**values | fields)


def export() -> InvoiceDocument:
    """A2627-0008: $499.00 at 83.4725, under a letter of undertaking."""
    return document(
        number="A2627-0008",
        issue_date=date(2026, 10, 12),
        currency="USD",
        customer=AMERICAN,
        lines=(line("499.00"),),
        taxes=(),
        subtotal=Decimal("499.00"),
        tax_total=Decimal("0.00"),
        round_off=Decimal("0.00"),
        total=Decimal("499.00"),
        supply_kind="EXPWOP",
        place_of_supply="96-Other Countries",
        purchase_order="",
        exchange=ExchangeNote(
            "USD", "INR", Decimal("83.4725"), date(2026, 10, 12), "RBI", Decimal("41652.78"), Decimal("0.00"),
            Decimal("41652.78"),
        ),
    )  # fmt: skip


def inter_state(**fields: Any) -> InvoiceDocument:
    """A2627-0002: ₹45,000.00 to Maharashtra."""
    values: dict[str, Any] = {
        "number": "A2627-0002",
        "issue_date": date(2026, 10, 6),
        "customer": MAHARASHTRA,
        "lines": (line("45000.00", tax="8100.00"),),
        "taxes": taxes(("IGST", "18", "45000.00", "8100.00")),
        "subtotal": Decimal("45000.00"),
        "tax_total": Decimal("8100.00"),
        "round_off": Decimal("0.00"),
        "total": Decimal("53100.00"),
        "place_of_supply": "27-Maharashtra",
    }
    return document(**values | fields)


def credit_note() -> InvoiceDocument:
    """C2627-0001: ₹5,000.00 of A2627-0002 taken back."""
    return inter_state(
        title="Credit Note",
        number="C2627-0001",
        issue_date=date(2026, 10, 20),
        due_date=None,
        lines=(line("5000.00", tax="900.00"),),
        taxes=taxes(("IGST", "18", "5000.00", "900.00")),
        subtotal=Decimal("5000.00"),
        tax_total=Decimal("900.00"),
        total=Decimal("5900.00"),
        credits=CreditedInvoice("A2627-0002", date(2026, 10, 6), "Price too high"),
    )
