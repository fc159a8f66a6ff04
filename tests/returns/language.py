"""Documents of October 2026 as returns see them, in a few words."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from billing_platform.lib.periods import BillingPeriod
from invoicing.gst_heads import SupplyKind
from invoicing.returns.documents import Amounts, DocumentKind, OriginalInvoice, Piece, ReturnDocument
from invoicing.returns.gstr1 import Gstr1
from invoicing.returns.period import Frequency, ReturnPeriod
from invoicing.returns.sections import Rules

SELLER = "29AAACA1234A1ZG"
OCTOBER = ReturnPeriod.of(BillingPeriod.parse("2026-10"))
RULES = Rules("GST3.2.4")
_numbers = itertools.count(1)

_KINDS = {
    "karnataka": (SupplyKind.B2B, "29", "29AAACB5678B1ZP"),
    "maharashtra": (SupplyKind.B2B, "27", "27AAACB5678B1ZT"),
    "sez": (SupplyKind.SEZ_WITH_PAYMENT, "24", "24AAACC4321C1ZI"),
    "sez_lut": (SupplyKind.SEZ_WITHOUT_PAYMENT, "33", "33AAACD8765D1ZS"),
    "consumer": (SupplyKind.B2C, "29", ""),
    "consumer_mumbai": (SupplyKind.B2C, "27", ""),
    "abroad_lut": (SupplyKind.EXPORT_WITHOUT_PAYMENT, "96", ""),
    "abroad": (SupplyKind.EXPORT_WITH_PAYMENT, "96", ""),
}
CUSTOMERS = tuple(_KINDS)


def tax_of(customer: str, taxable: Decimal, rate: Decimal = Decimal(18)) -> Amounts:
    kind, place, _gstin = _KINDS[customer]
    if kind in (SupplyKind.SEZ_WITHOUT_PAYMENT, SupplyKind.EXPORT_WITHOUT_PAYMENT):
        return Amounts(taxable)
    tax = (taxable * rate / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    if kind == SupplyKind.SEZ_WITH_PAYMENT or place != "29":
        return Amounts(taxable, igst=tax)
    half = (taxable * rate / 200).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    return Amounts(taxable, cgst=half, sgst=half)


def document(customer: str, *taxable: str | tuple[str, str, str], **values: Any) -> ReturnDocument:
    """An invoice over some taxable values at 18% and SAC 998315; a value may be (taxable, rate, SAC). With
    `original` it is a credit note."""
    kind, place, gstin = _KINDS[customer]
    wanted = [each if isinstance(each, tuple) else (each, "18", "998315") for each in taxable]
    pieces = tuple(Piece(Decimal(r), sac, tax_of(customer, Decimal(t), Decimal(r))) for t, r, sac in wanted)
    sums = sum((piece.amounts for piece in pieces), Amounts())
    number = next(_numbers)
    is_note = values.get("original") is not None
    series = values.pop("series", "C/" if is_note else "A/")
    number = values.pop("sequence_number", number)
    fields: dict[str, Any] = {
        "id": uuid4(),
        "kind": DocumentKind.CREDIT_NOTE if is_note else DocumentKind.INVOICE,
        "number": f"{series}{number:04d}",
        "series": series,
        "sequence_number": number,
        "issue_date": date(2026, 10, 5),
        "supply_kind": kind,
        "place_of_supply": place,
        "seller_gstin": SELLER,
        "customer_gstin": gstin,
        "customer_name": customer.title(),
        "value": sums.taxable + sums.tax,
        "round_off": Decimal(0),
        "pieces": pieces,
        "customer_email": "a@b.example",
        "customer_pin": "560001",
        "lut_number": "AD290426000001X",
    }
    return ReturnDocument(**fields | values)


def note(
    customer: str, *taxable: Any, of: str = "1000.00", on: date = date(2026, 10, 1), **values: Any
) -> ReturnDocument:
    """A credit note to an invoice of the value `of` and the day `on`."""
    original = OriginalInvoice("A/0001", on, Decimal(of))
    return document(customer, *taxable, original=original, **values)


def gstr1(*documents: ReturnDocument, writers: Any = (), month: str = "2026-10", **options: Any) -> Gstr1:
    frequency = options.pop("frequency", Frequency.MONTHLY)
    found = Gstr1(SELLER, ReturnPeriod.of(BillingPeriod.parse(month), frequency), RULES, writers=writers, **options)
    for each in documents:
        found.add(each)
    found.finish()
    return found
