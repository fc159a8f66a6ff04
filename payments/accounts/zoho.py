"""Rows of the files that Zoho Books imports: invoices, credit notes, payments. In the document's own currency, with the
rate at which it was booked.

Zoho computes the tax of each row itself. Our documents round on each line, so the sum may differ by some paise; the
column Adjustment takes the difference, and Zoho's total is the document's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from billing_platform.lib.gst import OTHER_COUNTRIES
from billing_platform.lib.money import ZERO, round_money
from billing_platform.lib.number_formats import money_text, short_text
from invoicing.documents.document import InvoiceDocument
from invoicing.gst_heads import SupplyKind
from payments.accounts.vouchers import BookedReceipt, Ledgers

STATE_LETTERS = {
    "01": "JK", "02": "HP", "03": "PB", "04": "CH", "05": "UK", "06": "HR", "07": "DL", "08": "RJ", "09": "UP",
    "10": "BR", "11": "SK", "12": "AR", "13": "NL", "14": "MN", "15": "MZ", "16": "TR", "17": "ML", "18": "AS",
    "19": "WB", "20": "JH", "21": "OD", "22": "CT", "23": "MP", "24": "GJ", "26": "DN", "27": "MH", "29": "KA",
    "30": "GA", "31": "LD", "32": "KL", "33": "TN", "34": "PY", "35": "AN", "36": "TS", "37": "AD", "38": "LA",
    "97": "OT",
}  # fmt: skip
"""Zoho names States by two letters."""

_TREATMENTS = {
    SupplyKind.B2B: "business_registered_regular",
    SupplyKind.B2C: "consumer",
    SupplyKind.SEZ_WITH_PAYMENT: "business_sez",
    SupplyKind.SEZ_WITHOUT_PAYMENT: "business_sez",
    SupplyKind.EXPORT_WITH_PAYMENT: "overseas",
    SupplyKind.EXPORT_WITHOUT_PAYMENT: "overseas",
    SupplyKind.NO_GST: "consumer",
}
_ITEM = (
    "Item Name", "HSN/SAC", "Quantity", "Item Price", "Account", "Item Tax", "Item Tax %", "Item Tax Type",
    "Is Inclusive Tax", "Adjustment", "Adjustment Description", "Notes",
)  # fmt: skip
_PARTY = ("Customer Name", "GST Treatment", "GST Identification Number (GSTIN)", "Place of Supply")
INVOICE_COLUMNS = (
    "Invoice Number", "Invoice Date", "Due Date", "Invoice Status", *_PARTY, "Currency Code", "Exchange Rate",
    "PurchaseOrder", *_ITEM,
)  # fmt: skip
CREDIT_NOTE_COLUMNS = (
    "Credit Note Number", "Credit Note Date", "Credit Note Status", *_PARTY, "Currency Code", "Exchange Rate",
    "Associated Invoice Number", "Reason", *_ITEM,
)  # fmt: skip
PAYMENT_COLUMNS = (
    "Payment Number", "Date", "Customer Name", "Mode", "Amount", "Reference Number", "Deposit To", "Bank Charges",
    "Tax Account", "Withholding Tax Amount", "Invoice Number", "Amount Applied to Invoice",
)  # fmt: skip


def invoice_rows(document: InvoiceDocument, *, party: str, ledgers: Ledgers) -> Iterator[list[Any]]:
    """One row for each service code and rate. Raises MissingLedger."""
    head = [
        document.number, _day(document.issue_date), _day(document.due_date), "Sent", *_party(document, party),
        document.currency, _rate(document), document.purchase_order,
    ]  # fmt: skip
    return ([*head, *item] for item in _items(document, ledgers))


def credit_note_rows(document: InvoiceDocument, *, party: str, ledgers: Ledgers) -> Iterator[list[Any]]:
    """As `invoice_rows`. Raises MissingLedger, and ValueError for a document that credits no invoice."""
    if document.credits is None:
        raise ValueError("An invoice is no credit note.")
    head = [
        document.number, _day(document.issue_date), "Open", *_party(document, party), document.currency,
        _rate(document), document.credits.number, document.credits.reason,
    ]  # fmt: skip
    return ([*head, *item] for item in _items(document, ledgers))


def payment_rows(receipt: BookedReceipt, *, currency: str, deposit_to: str, tax_account: str) -> Iterator[list[Any]]:
    """One row for each invoice that the money belongs to, and one for what is on account. What belongs to the payment
    as a whole stands on its first row."""
    placed = [(number, amount) for number, amount in receipt.placed.items() if amount]
    if rest := receipt.amount + receipt.withheld - sum((amount for _, amount in placed), ZERO):
        placed.append(("", rest))

    def money(amount: Decimal) -> str:
        return money_text(amount, currency) if amount else ""

    mode = "Razorpay" if receipt.through_gateway else "Bank Transfer"
    about = [receipt.number, _day(receipt.day), receipt.party, mode]
    whole = [
        money(receipt.amount), receipt.reference, deposit_to, money(receipt.fee),
        tax_account if receipt.withheld else "", money(receipt.withheld),
    ]  # fmt: skip
    for number, amount in placed:
        yield [*about, *whole, number, money(amount)]
        whole = ["", receipt.reference, deposit_to, "", "", ""]


def _party(document: InvoiceDocument, party: str) -> list[str]:
    state = document.place_of_supply[:2]
    place = "" if state in ("", OTHER_COUNTRIES) else STATE_LETTERS.get(state, "")
    return [party, _TREATMENTS[SupplyKind(document.supply_kind)], document.customer.gstin, place]


def _items(document: InvoiceDocument, ledgers: Ledgers) -> Iterator[list[Any]]:
    """Name, code, one piece at the sum of the lines, ledger and tax; the first row takes the adjustment."""
    sums: dict[tuple[str, Decimal], Decimal] = {}
    names: dict[tuple[str, Decimal], str] = {}
    for line in document.lines:
        key = line.sac, line.tax_rate
        sums[key] = sums.get(key, ZERO) + line.taxable_value
        names.setdefault(key, line.description)
    inter, currency = _is_inter_state(document), document.currency
    theirs = sum((value + _their_tax(value, rate, inter, currency) for (_, rate), value in sums.items()), ZERO)
    adjustment = document.total - theirs
    for (sac, rate), value in sums.items():
        percent = short_text(rate)
        tax = [f"IGST{percent}", percent, "ItemAmount"] if inter else [f"GST{percent}", percent, "Tax Group"]
        adjusted = [money_text(adjustment, currency), "Round-off"] if adjustment else ["", ""]
        piece = [names[sac, rate], sac, 1, money_text(value, currency), ledgers.sales_of(sac)]
        yield [*piece, *tax, "false", *adjusted, document.notes]
        adjustment = ZERO


def _is_inter_state(document: InvoiceDocument) -> bool:
    kind = SupplyKind(document.supply_kind)
    return kind not in (SupplyKind.B2B, SupplyKind.B2C) or document.place_of_supply[:2] != document.seller.state_code


def _their_tax(value: Decimal, rate: Decimal, inter: bool, currency: str) -> Decimal:
    if inter:
        return round_money(value * rate / 100, currency)
    return 2 * round_money(value * rate / 200, currency)


def _rate(document: InvoiceDocument) -> str:
    return short_text(document.exchange.rate) if document.exchange else "1"


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
