"""An invoice and a credit note of nobody, to see a template with before there are documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from invoicing.documents.document import (
    BankDetails,
    CreditedInvoice,
    DocumentLine,
    DocumentParty,
    DocumentTax,
    InvoiceDocument,
)
from invoicing.lines import LineDiscount
from invoicing.steps import Step

_ZERO = Decimal(0)


def _party(name: str, address: tuple[str, ...], gstin: str, email: str) -> DocumentParty:
    return DocumentParty(
        name, address, state="29-Karnataka", country="India", gstin=gstin, pan=gstin[2:12], email=email
    )


_SELLER = _party(
    "Sample Cloud Private Limited",
    ("12 Residency Road", "Bengaluru 560025"),
    "29AAACA1234A1ZG",
    "billing@cloud.example",
)
_CUSTOMER = _party(
    "Sample Customer Private Limited",
    ("1 Main Street", "Mysuru 570001"),
    "29AAGCB7383J1Z4",
    "accounts@customer.example",
)


def _line(
    position: int, description: str, quantity: str, unit: str, unit_price: str | None, amount: str
) -> DocumentLine:
    price = None if unit_price is None else Decimal(unit_price)
    value = Decimal(amount)
    tax = (value * 18 / 100).quantize(Decimal("0.01"))
    return DocumentLine(position, description, "998315", Decimal(quantity), unit, price, Decimal(18), value, tax)


_TIERS = (
    Step("Tier 1", Decimal(100000), Decimal("0.10"), _ZERO, Decimal(10000)),
    Step("Tier 2", Decimal(45000), Decimal("0.08"), _ZERO, Decimal(3600)),
)
_LINES = (
    replace(_line(1, "API calls · October 2026", "145000", "call", None, "13600.00"), steps=_TIERS),
    _line(2, "Storage · October 2026", "250.5", "GB", "12.00", "3006.00"),
    replace(
        _line(3, "Support, monthly", "1", "month", "5000.00", "5000.00"),
        tax_amount=Decimal("720.00"),
        discounts=(LineDiscount(UUID(int=0), "First year", "20%", Decimal("1000.00")),),
    ),
)

INVOICE = InvoiceDocument(
    title="Tax Invoice",
    number="INV/26-27/000123",
    issue_date=date(2026, 11, 1),
    due_date=date(2026, 11, 16),
    currency="INR",
    seller=_SELLER,
    customer=_CUSTOMER,
    lines=_LINES,
    taxes=(
        DocumentTax("CGST", Decimal(9), Decimal("20606.00"), Decimal("1854.54")),
        DocumentTax("SGST", Decimal(9), Decimal("20606.00"), Decimal("1854.54")),
    ),
    subtotal=Decimal("21606.00"),
    discount_total=Decimal("1000.00"),
    tax_total=Decimal("3709.08"),
    round_off=Decimal("-0.08"),
    total=Decimal("24315.00"),
    total_in_words="Rupees Twenty-Four Thousand Three Hundred Fifteen Only",
    period_start=date(2026, 10, 1),
    period_last_day=date(2026, 10, 31),
    supply_kind="B2B",
    place_of_supply="29-Karnataka",
    bank=BankDetails("Sample Cloud Private Limited", "Sample Bank", "000000000000", "SBIN0000001", "sample@bank"),
    pay_url="https://billing.example/pay/sample",
    purchase_order="PO-7781",
    payment_terms="15 days",
)

CREDIT_NOTE = replace(
    INVOICE,
    title="Credit Note",
    number="CN/26-27/000012",
    issue_date=date(2026, 11, 8),
    due_date=None,
    lines=(replace(_LINES[1], quantity=None, unit_price=None),),
    taxes=(
        DocumentTax("CGST", Decimal(9), Decimal("3006.00"), Decimal("270.54")),
        DocumentTax("SGST", Decimal(9), Decimal("3006.00"), Decimal("270.54")),
    ),
    subtotal=Decimal("3006.00"),
    discount_total=_ZERO,
    tax_total=Decimal("541.08"),
    round_off=Decimal("-0.08"),
    total=Decimal("3547.00"),
    total_in_words="Rupees Three Thousand Five Hundred Forty-Seven Only",
    bank=BankDetails(),
    pay_url="",
    payment_terms="",
    credits=CreditedInvoice("INV/26-27/000123", date(2026, 11, 1), "Deficiency in services"),
)
