"""The e-invoice of a document: the JSON in the schema INV-01, version 1.1, that the invoice registration portal takes.

A pure function of the frozen document. All amounts are rupees: those of a document in another currency are converted at
its own rate, so that they add up to the rupee values that the document states. What the portal would refuse is found by
`e_invoice_lints.py`, on the JSON made here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from billing_platform.lib.gst import is_service
from billing_platform.lib.money import ZERO, round_money
from billing_platform.lib.number_formats import short_text
from invoicing.documents.document import DocumentParty, InvoiceDocument
from invoicing.gst_heads import SupplyKind
from invoicing.rates import BOOKS
from invoicing.returns.documents import EXPORTS
from invoicing.returns.e_invoice_items import Item, items_of, other_charges

VERSION = "1.1"
REPORTED = (
    SupplyKind.B2B,
    SupplyKind.SEZ_WITH_PAYMENT,
    SupplyKind.SEZ_WITHOUT_PAYMENT,
    SupplyKind.EXPORT_WITH_PAYMENT,
    SupplyKind.EXPORT_WITHOUT_PAYMENT,
)
"""The kinds of supply that need an e-invoice: not those to customers without a GSTIN in India (CGST Rule 48 (4))."""

ABROAD = {"Gstin": "URP", "Stcd": "96", "Pos": "96"}
PIN_ABROAD = 999999
OTHER_TERRITORY = "97"

NAME_LENGTH = ADDRESS_LENGTH = 100
DESCRIPTION_LENGTH = 300
_LEAST = 3
"""Characters of an optional text: a shorter one is left out."""
MOST_NEGATIVE_CHARGE = Decimal("-0.10")
"""A negative other charge down to this one goes into the round-off: the portal takes no negative charges."""

_ALSO_ALLOWED = frozenset("@#-/,&.(*)")
_DASHES = str.maketrans({"–": "-", "—": "-", "‘": "", "’": "", "'": ""})
_ORDER_REFERENCE = re.compile(r"[0-9A-Za-z/-]{1,16}")

Block = dict[str, Any]


def is_reported(document: InvoiceDocument) -> bool:
    """Whether the supply needs an e-invoice: its kind does, and something of it is taxable or zero-rated.

    It does not say whether the seller makes e-invoices, or whether a credit note changes tax.
    """
    return document.supply_kind in REPORTED and bool(items_of(document))


def e_invoice(document: InvoiceDocument) -> Block:
    """The JSON as Python values; amounts are Decimal. Keys without a value are left out."""
    items = items_of(document)
    return _filled(
        {
            "Version": VERSION,
            "TranDtls": {"TaxSch": "GST", "SupTyp": document.supply_kind, "RegRev": _flag(document.reverse_charge)},
            "DocDtls": {
                "Typ": "CRN" if document.credits else "INV",
                "No": document.number,
                "Dt": day_of(document.issue_date),
            },
            "SellerDtls": _seller(document.seller),
            "BuyerDtls": _buyer(document),
            "ItemList": [_item(number, item) for number, item in enumerate(items, 1)],
            "ValDtls": _values(document, items),
            "RefDtls": _references(document),
            "ExpDtls": _export(document) if document.supply_kind in EXPORTS else None,
        }
    )


def as_json(payload: Block | Sequence[Block]) -> bytes:
    """The bytes that are sent: amounts are numbers, written as they are, never as binary fractions."""
    return _ENCODER.encode(payload)


_ENCODER = msgspec.json.Encoder(decimal_format="number")


def day_of(day: date) -> str:
    return day.strftime("%d/%m/%Y")


def clean(text: str, length: int) -> str:
    """Letters, digits, spaces and the signs that the portal takes, shortened to a length."""
    found = "".join(sign if _is_allowed(sign) else " " for sign in text.translate(_DASHES))
    return " ".join(found.split())[:length].rstrip()


def _is_allowed(sign: str) -> bool:
    return sign in _ALSO_ALLOWED or unicodedata.category(sign)[0] in "LMN"


def _flag(yes_or_no: str) -> str:
    return "Y" if yes_or_no == "Yes" else "N"


def _filled(block: Mapping[str, Any]) -> Block:
    """The block without keys that have no value: the portal refuses null and empty texts."""
    return {name: value for name, value in block.items() if value is not None and value not in ("", {}, [])}


# --- parties ----------------------------------------------------------------------------------------------------------


def _seller(party: DocumentParty) -> Block:
    return _filled({"Gstin": party.gstin, **_address(party, town_length=50), **_contact(party)})


def _buyer(document: InvoiceDocument) -> Block:
    party = document.customer
    common = {**_address(party, town_length=100), **_contact(party)}
    if document.supply_kind in EXPORTS:
        return _filled({**common, **ABROAD, "Pin": PIN_ABROAD})
    return _filled({"Gstin": party.gstin, **common, "Pos": document.place_of_supply[:2]})


def _address(party: DocumentParty, *, town_length: int) -> Block:
    state = party.state_code or party.gstin[:2]
    street = _street(party)
    return {
        "LglNm": clean(party.name, NAME_LENGTH),
        "Addr1": street[0],
        "Addr2": street[1],
        "Loc": clean(party.city, town_length),
        "Pin": PIN_ABROAD if state == OTHER_TERRITORY else _pin(party.postal_code),
        "Stcd": state,
    }


def _street(party: DocumentParty) -> tuple[str, str]:
    """The lines of the address above the town; an address of one line has its town in it."""
    town = " ".join(part for part in (party.city, party.postal_code) if part)
    lines = [line for line in party.address_lines if line != town] or list(party.address_lines)
    first = clean(lines[0], ADDRESS_LENGTH) if lines else ""
    second = clean(", ".join(lines[1:]), ADDRESS_LENGTH)
    return first, _optional(second)


def _optional(text: str) -> str:
    return text if len(text) >= _LEAST else ""


def _pin(postal_code: str) -> int | None:
    digits = "".join(postal_code.split())
    return int(digits) if re.fullmatch(r"[1-9][0-9]{5}", digits) else None


def _contact(party: DocumentParty) -> Block:
    phone = re.sub(r"\D", "", party.phone)
    return {
        "Ph": phone if 6 <= len(phone) <= 12 else None,
        "Em": party.email if 6 <= len(party.email) <= 100 else None,
    }


# --- items and sums -----------------------------------------------------------------------------------------------


def _item(number: int, item: Item) -> Block:
    """A service is one piece of its whole value: prices per unit have more decimals than the portal's three."""
    taxes = {"IgstAmt": item.igst} if item.is_inter_state else {"CgstAmt": item.cgst, "SgstAmt": item.cgst}
    return _filled(
        {
            "SlNo": str(number),
            "PrdDesc": _optional(clean(item.description, DESCRIPTION_LENGTH)),
            "IsServc": "Y" if is_service(item.sac) else "N",
            "HsnCd": item.sac,
            "Qty": 1,
            "Unit": "OTH",
            "UnitPrice": _paise(item.gross),
            "TotAmt": _paise(item.gross),
            "Discount": _paise(item.discount) if item.discount else None,
            "AssAmt": _paise(item.assessable),
            "GstRt": Decimal(short_text(item.rate)) if item.rate is not None else None,
            **{head: _paise(amount) for head, amount in taxes.items()},
            "TotItemVal": _paise(item.total),
        }
    )


def _values(document: InvoiceDocument, items: Sequence[Item]) -> Block:
    charges, round_off = other_charges(document), _round_off(document)
    if MOST_NEGATIVE_CHARGE <= charges < ZERO:
        charges, round_off = ZERO, round_off + charges
    intra = {"CgstVal": _sum(items, "cgst"), "SgstVal": _sum(items, "cgst")}
    is_inter_state = all(item.is_inter_state for item in items)
    return _filled(
        {
            "AssVal": _sum(items, "assessable"),
            **({"IgstVal": _sum(items, "igst")} if is_inter_state else intra),
            "OthChrg": _paise(charges) if charges else None,
            "RndOffAmt": _paise(round_off) if round_off else None,
            "TotInvVal": _paise(_sum(items, "total") + charges + round_off),
            "TotInvValFc": _paise(document.total) if document.exchange else None,
        }
    )


def _round_off(document: InvoiceDocument) -> Decimal:
    """Only rupees are rounded to whole ones; what a document states in rupees beside another currency is not."""
    return ZERO if document.exchange else document.round_off


def _sum(items: Sequence[Item], name: str) -> Decimal:
    return _paise(sum((getattr(item, name) for item in items), ZERO))


def _paise(amount: Decimal) -> Decimal:
    """With two decimals, which is what the portal takes, also of a foreign total."""
    return round_money(amount, BOOKS)


# --- what the document refers to ------------------------------------------------------------------------------------


def _references(document: InvoiceDocument) -> Block:
    references: Block = {}
    if document.period_start and document.period_last_day:
        period = {"InvStDt": day_of(document.period_start), "InvEndDt": day_of(document.period_last_day)}
        references["DocPerdDtls"] = period
    if document.credits:
        original = {"InvNo": document.credits.number, "InvDt": day_of(document.credits.issue_date)}
        references["PrecDocDtls"] = [original]
    if _ORDER_REFERENCE.fullmatch(document.purchase_order):
        references["ContrDtls"] = [{"PORefr": document.purchase_order}]
    return references


def _export(document: InvoiceDocument) -> Block:
    currency = document.currency if document.exchange else ""
    return _filled({"CntCode": document.customer.country_code, "ForCur": currency})
