"""An invoice of one page, as most are: four metrics, two heads of tax, bank, UPI and pay page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from invoicing.documents import BankDetails, DocumentLine, DocumentParty, DocumentTax, InvoiceDocument
from invoicing.steps import Step

_SELLER = DocumentParty(
    "Metrics Cloud Private Limited",
    ("12 Residency Road", "Bengaluru 560025"),
    state="29-Karnataka",
    country="India",
    gstin="29AAACA1234A1ZG",
    pan="AAACA1234A",
    email="billing@metrics.example",
    phone="+91 80 1234 5678",
)

_BANK = BankDetails("Metrics Cloud Private Limited", "HDFC Bank", "50200012345678", "HDFC0001234", "metrics@hdfc")


def one_page(number: int) -> InvoiceDocument:
    """Each number is another document: other customer, amounts and codes."""
    customer = DocumentParty(
        f"Customer {number} Private Limited",
        (f"{number} Main Street", "Bengaluru 560001"),
        state="29-Karnataka",
        country="India",
        gstin="29AAGCB7383J1Z4",
        pan="AAGCB7383J",
    )
    taxable = Decimal(1000 + number)
    tax = taxable * Decimal("0.18")
    return InvoiceDocument(
        title="Tax Invoice",
        number=f"INV/26-27/{number:06d}",
        issue_date=date(2026, 11, 1),
        due_date=date(2026, 11, 16),
        currency="INR",
        seller=_SELLER,
        customer=customer,
        lines=_lines(taxable, tax),
        taxes=tuple(DocumentTax(head, Decimal(9), 4 * taxable, 2 * tax) for head in ("CGST", "SGST")),
        subtotal=4 * taxable,
        discount_total=Decimal(0),
        tax_total=4 * tax,
        round_off=Decimal(0),
        total=4 * (taxable + tax),
        total_in_words="Rupees Four Thousand Seven Hundred Twenty Only",
        period_start=date(2026, 10, 1),
        period_last_day=date(2026, 10, 31),
        supply_kind="B2B",
        place_of_supply="29-Karnataka",
        bank=_BANK,
        pay_url=f"https://billing.example/pay/{number:048x}",
        payment_terms="15 days",
    )


def _lines(taxable: Decimal, tax: Decimal) -> tuple[DocumentLine, ...]:
    steps = tuple(Step(f"Tier {tier}", taxable, Decimal("0.5"), Decimal(0), taxable / 2) for tier in (1, 2))
    return tuple(
        DocumentLine(
            position,
            f"{metric} · October 2026",
            "998315",
            taxable * 10,
            "calls",
            None if position == 1 else Decimal("0.1"),
            Decimal(18),
            taxable,
            tax,
            steps if position == 1 else (),
        )
        for position, metric in enumerate(("API calls", "Storage", "Bandwidth", "Compute"), start=1)
    )
