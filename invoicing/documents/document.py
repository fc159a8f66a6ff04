"""InvoiceDocument: everything that is printed on an invoice or a credit note, as plain values. PDF and e-mail know
nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_price
from invoicing.gst_heads import SupplyKind
from invoicing.lines import LineDiscount
from invoicing.look import BUILT_IN_LOOK, Look
from invoicing.steps import Step

PAYEE_LENGTH = 50  # characters of the payee's name in a UPI QR code: more of it makes a code too fine to scan


@dataclass(frozen=True, slots=True)
class DocumentParty:
    """Seller or customer: Rule 46 (a), (d), (e)."""

    name: str
    address_lines: tuple[str, ...] = ()
    state: str = ""  # 29-Karnataka
    country: str = ""  # in words: exports name the country of destination
    gstin: str = ""
    tax_id: str = ""
    tax_id_label: str = ""  # what the number is called in its country, such as VAT id; empty: Tax id
    email: str = ""
    phone: str = ""
    pan: str = ""  # where a GSTIN holds it
    cin: str = ""  # of a company: Companies Act, section 12 (3) (c)
    udyam: str = ""  # of a micro, small or medium enterprise: it is paid within 45 days
    # Not printed by themselves, but e-invoices ask for them:
    city: str = ""
    postal_code: str = ""
    state_code: str = ""
    country_code: str = ""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    position: int
    description: str
    sac: str
    quantity: Decimal | None  # None: a credit note gives back an amount
    unit: str
    unit_price: Decimal | None
    tax_rate: Decimal
    amount: Decimal
    tax_amount: Decimal | None = None
    steps: tuple[Step, ...] = ()  # empty where quantity times unit price says it all
    discounts: tuple[LineDiscount, ...] = ()
    gst_rate: Decimal | None = None  # of the service, in percent, also where a zero-rated supply charges none of it

    @property
    def taxable_value(self) -> Decimal:
        """What the discounts leave of the amount: Rule 46 (k)."""
        return self.amount - sum((each.amount for each in self.discounts), ZERO)


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
    swift: str = ""
    address: str = ""
    correspondent: str = ""
    is_foreign: bool = False  # the customer pays from abroad: SWIFT instead of IFSC and UPI


@dataclass(frozen=True, slots=True)
class CreditedInvoice:
    """On a credit note: the invoice that it takes back something of, and why. Rule 53 (1A) (h)."""

    number: str
    issue_date: date
    reason: str
    remark: str = ""  # what the customer should know of the tax


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """What has a default was added later, or is not on every document: documents of earlier versions are read too."""

    title: str
    number: str
    issue_date: date
    due_date: date | None  # a credit note has none
    currency: str
    seller: DocumentParty
    customer: DocumentParty
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
    supply_kind: str = ""  # as GSTR-1 names it, such as B2B; NO_GST where none is charged
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
    purchase_order: str = ""
    payment_terms: str = ""  # 15 days
    tax_remark: str = ""  # why no tax is charged, or who owes it, outside GST
    tax_note: str = ""  # the tax row's name where no tax is charged
    credits: CreditedInvoice | None = None  # of a credit note
    look: Look = BUILT_IN_LOOK

    def money(self, amount: Decimal) -> str:
        return format_money(amount, self.currency)

    @property
    def taxable_amount(self) -> Decimal:
        return self.subtotal - self.discount_total

    @property
    def charges_gst(self) -> bool:
        """Whether it is a document of GST, with tax or without: not one of a seller who isn't registered."""
        return self.supply_kind != SupplyKind.NO_GST

    @property
    def filename(self) -> str:
        return f"{self.number.replace('/', '-')}.pdf"

    def exactly(self, amount: Decimal) -> str:
        return format_price(amount, self.currency)

    @property
    def transfer(self) -> tuple[tuple[str, str], ...]:
        """Where a transfer goes, for PDF, e-mail and pay page alike. IFSC and UPI work within India only; a bank
        abroad asks for SWIFT code and addresses."""
        bank = self.bank
        rows: list[tuple[str, str]] = []
        if bank.account_number:
            rows += [("Account name", bank.account_name), ("Bank", bank.bank_name)]
            rows += [("Bank address", bank.address)] if bank.is_foreign else []
            rows += [("Account number", bank.account_number)]
            rows += [("SWIFT (BIC)", bank.swift)] if bank.is_foreign else [("IFSC", bank.ifsc)]
            rows += [("Correspondent bank", bank.correspondent)] if bank.is_foreign else []
        if self.upi_url(self.total):
            rows.append(("UPI", bank.upi_id))
        return tuple((name, value) for name, value in rows if value)

    def upi_url(self, due: Decimal) -> str:
        """What a UPI app reads from the QR code: payee, amount, and the number as reference. Rupees only."""
        if not self.bank.upi_id or self.bank.is_foreign or self.currency != "INR" or due <= 0:
            return ""
        fields = {"pa": self.bank.upi_id, "pn": self.seller.name[:PAYEE_LENGTH], "am": f"{due:.2f}", "cu": "INR"}
        return f"upi://pay?{urlencode({**fields, 'tn': self.number}, quote_via=quote, safe='@')}"

    def to_json(self) -> dict[str, Any]:
        builtins: dict[str, Any] = msgspec.to_builtins(self)
        return builtins

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> InvoiceDocument:
        return msgspec.convert(content, cls)
