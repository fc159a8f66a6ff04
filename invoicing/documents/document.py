"""InvoiceDocument: everything that is printed, as plain values. PDF and e-mail know nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from billing_platform.lib.money import Money, format_money


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or customer: Rule 46 (a), (d), (e)."""

    name: str
    address_lines: tuple[str, ...] = ()
    state: str = ""  # 29-Karnataka
    country: str = ""  # in words: exports name the country of destination
    gstin: str = ""
    tax_id: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    position: int
    description: str
    sac: str
    quantity: Decimal
    unit: str
    unit_price: Decimal | None
    tax_rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DocumentTax:
    name: str
    rate: Decimal
    taxable_amount: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ExchangeNote:
    """What a foreign-currency invoice is worth in the books: the rate as it was, and the values it gave."""

    base: str
    target: str
    rate: Decimal
    as_of: date
    source: str
    taxable_amount: Decimal
    tax_total: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class BankDetails:
    account_name: str = ""
    bank_name: str = ""
    account_number: str = ""
    ifsc: str = ""
    upi_id: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    title: str
    number: str
    issue_date: date
    due_date: date
    currency: str
    seller: Party
    customer: Party
    lines: tuple[DocumentLine, ...]
    taxes: tuple[DocumentTax, ...]
    subtotal: Decimal
    discount_total: Decimal
    tax_total: Decimal
    round_off: Decimal
    total: Decimal
    total_in_words: str
    period_start: date | None = None
    period_last_day: date | None = None
    place_of_supply: str = ""  # 29-Karnataka
    reverse_charge: str = "No"
    endorsement: str = ""
    lut_number: str = ""
    exchange: ExchangeNote | None = None
    bank: BankDetails = BankDetails()
    pay_url: str = ""
    brand_colour: str = "#1f4e79"
    logo: str = ""  # name in the default storage
    notes: str = ""

    def money(self, amount: Decimal) -> str:
        return format_money(Money(amount, self.currency))

    @property
    def taxable_amount(self) -> Decimal:
        return self.subtotal - self.discount_total

    @property
    def filename(self) -> str:
        return f"{self.number.replace('/', '-')}.pdf"

    @property
    def upi_url(self) -> str:
        """What a UPI app reads from the QR code: payee, amount, and the number as reference. Rupees only."""
        if not self.bank.upi_id or self.currency != "INR" or self.total <= 0:
            return ""
        fields = {"pa": self.bank.upi_id, "pn": self.seller.name, "am": f"{self.total:.2f}", "cu": "INR"}
        return f"upi://pay?{urlencode({**fields, 'tn': self.number}, quote_via=quote, safe='@')}"

    def to_json(self) -> dict[str, Any]:
        builtins: dict[str, Any] = msgspec.to_builtins(self)
        return builtins

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> InvoiceDocument:
        return msgspec.convert(content, cls)
