"""What the invoice registration portal would refuse in an e-invoice, found before anything is sent.

Asked of the JSON itself, as `e_invoice.py` makes it: also a fault of ours is found here. The numbers are those of the
portal's own error list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import STATES, pin_fits_state, validate_gstin
from billing_platform.lib.law import last_day_for_e_invoice
from billing_platform.lib.money import ZERO
from invoicing.returns.e_invoice import ABROAD, OTHER_TERRITORY, PIN_ABROAD
from invoicing.returns.e_invoice_buyer import Buyer, buyer_lints
from invoicing.returns.e_invoice_finding import Finding, Mend
from invoicing.returns.e_invoice_sums import item_lints, sum_lints

MAX_ITEMS = 1000
KINDS = ("B2B", "SEZWP", "SEZWOP", "EXPWP", "EXPWOP", "DEXP")
TYPES = ("INV", "CRN", "DBN")

_NUMBER = re.compile(r"[a-zA-Z1-9][a-zA-Z0-9/-]{0,15}")
_PARTIES: tuple[tuple[str, Mend, str], ...] = (
    ("SellerDtls", Mend.SELLER, "seller"),
    ("BuyerDtls", Mend.CUSTOMER, "customer"),
)

Payload = Mapping[str, Any]


def lints_of(
    payload: Payload, *, today: date, reported_within_30_days: bool, buyer: Buyer | None = None
) -> list[Finding]:
    """All that is found, `today` in India. `reported_within_30_days`: the seller has that limit. `buyer`: what is known
    of the customer's GSTIN; None where it has another one by now, or none."""
    return [
        *_document(payload, today=today, limited=reported_within_30_days),
        *_supply(payload),
        *(lint for name, mend, word in _PARTIES for lint in party_lints(payload[name], name, mend, word)),
        *_places(payload),
        *_items(payload),
        *item_lints(payload),
        *sum_lints(payload),
        *(buyer_lints(payload, buyer) if buyer else ()),
    ]


def _day(text: str) -> date:
    day, month, year = (int(part) for part in text.split("/"))
    return date(year, month, day)


def _document(payload: Payload, *, today: date, limited: bool) -> Iterator[Finding]:
    details = payload["DocDtls"]
    if not _NUMBER.fullmatch(details["No"]):
        yield Finding("DocDtls.No", f"{details['No']} is no number that the portal takes: it begins with 0, / or -.")
    if details["Typ"] not in TYPES:
        yield Finding("DocDtls.Typ", f"{details['Typ']} is no type of document.")
    issued_on = _day(details["Dt"])
    if issued_on > today:
        yield Finding("DocDtls.Dt", f"The document is of {day_text(issued_on)}, which is still to come.", "2230")
    last_day = last_day_for_e_invoice(issued_on)
    if limited and today > last_day:
        yield Finding("DocDtls.Dt", f"{day_text(last_day)} was the last day to report it (30 days).")
    if details["Typ"] != "INV" and not payload.get("RefDtls", {}).get("PrecDocDtls"):
        yield Finding("RefDtls.PrecDocDtls", "A note names the invoice that it changes.")


def _supply(payload: Payload) -> Iterator[Finding]:
    details, value = payload["TranDtls"], payload["ValDtls"]
    kind, local = details["SupTyp"], value.get("CgstVal", ZERO) + value.get("SgstVal", ZERO)
    if kind not in KINDS:
        yield Finding("TranDtls.SupTyp", f"{kind} is no kind of supply that has e-invoices.")
    if details.get("RegRev") == "Y" and kind != "B2B":
        yield Finding("TranDtls.RegRev", "Only a B2B supply can have reverse charge.", "2162")
    if kind.startswith("EXP") and local:
        yield Finding("ValDtls.CgstVal", "An export has no CGST and SGST.", "2180")
    if kind.startswith("SEZ") and local:
        yield Finding("ValDtls.CgstVal", "A supply to a Special Economic Zone has no CGST and SGST.", "2237")
    if kind.endswith("WOP") and value.get("IgstVal", ZERO):
        yield Finding("ValDtls.IgstVal", "A supply without payment of tax has IGST.")
    if kind in ("B2B", "DEXP"):
        yield from _heads(payload, local)


def _heads(payload: Payload, local: Decimal) -> Iterator[Finding]:
    """IGST between States, CGST and SGST within one."""
    same = payload["BuyerDtls"].get("Pos") == payload["SellerDtls"].get("Stcd")
    integrated = payload["ValDtls"].get("IgstVal", ZERO)
    if same and integrated and payload["TranDtls"].get("IgstOnIntra") != "Y":
        yield Finding("ValDtls.IgstVal", "The supply stays within the seller's State, and has IGST.", "2172")
    if not same and local:
        yield Finding("ValDtls.CgstVal", "The supply goes to another State, and has CGST and SGST.", "2174")


def party_lints(block: Payload, name: str, mend: Mend, word: str) -> Iterator[Finding]:
    """What one party lacks. `name` is that of its block."""
    abroad = block.get("Gstin") == ABROAD["Gstin"]
    for field, least, words in (("LglNm", 3, "legal name"), ("Addr1", 1, "address"), ("Loc", 3, "town")):
        length = len(block.get(field, ""))
        if length < least:
            need = f"needs at least {least} letters" if length else "is missing"
            yield Finding(f"{name}.{field}", f"The {word}'s {words} {need}.", mend=mend)
    if not abroad:
        yield from _registration(block, name, mend, word)
    if "Pin" not in block:
        yield Finding(f"{name}.Pin", f"The {word}'s PIN code is missing, or has not six digits.", "2244", mend)
    elif not abroad and not _pin_is_there(block):
        sentence = f"PIN code {block['Pin']} of the {word} seems to be in another State."
        yield Finding(f"{name}.Pin", sentence, "2178", mend, blocks=False)


def _pin_is_there(block: Payload) -> bool:
    state = block.get("Stcd", "")
    return state == OTHER_TERRITORY or pin_fits_state(str(block["Pin"]), state)


def _registration(block: Payload, name: str, mend: Mend, word: str) -> Iterator[Finding]:
    gstin, state = block.get("Gstin", ""), block.get("Stcd", "")
    try:
        validate_gstin(gstin)
    except DomainError as error:
        yield Finding(f"{name}.Gstin", f"The {word}'s GSTIN: {error.message}", mend=mend)
    if state not in STATES:
        yield Finding(f"{name}.Stcd", f"The {word}'s State is missing, or is none of India.", mend=mend)
    elif gstin[:2].isdigit() and gstin[:2] != state and gstin[:2] in STATES:
        code = "2258" if name == "SellerDtls" else "2265"
        yield Finding(f"{name}.Stcd", f"The {word}'s State {state} is not that of its GSTIN {gstin}.", code, mend)


def _places(payload: Payload) -> Iterator[Finding]:
    """Where the buyer is, for the kind of supply."""
    seller, buyer, kind = payload["SellerDtls"], payload["BuyerDtls"], payload["TranDtls"]["SupTyp"]
    if seller.get("Gstin") == buyer.get("Gstin"):
        yield Finding("BuyerDtls.Gstin", "Seller and customer have one GSTIN.", "2211", Mend.CUSTOMER)
    if kind.startswith("EXP"):
        rules = (("Gstin", ABROAD["Gstin"], "2248"), ("Stcd", ABROAD["Stcd"], "2229"), ("Pos", ABROAD["Pos"], "2232"))
        for field, right, code in (*rules, ("Pin", PIN_ABROAD, "2232")):
            if buyer.get(field) != right:
                yield Finding(f"BuyerDtls.{field}", f"Of an export it is {right}.", code)
        if len(payload.get("ExpDtls", {}).get("CntCode", "")) != 2:
            yield Finding("ExpDtls.CntCode", "The customer's country is missing.", mend=Mend.CUSTOMER)
    elif buyer.get("Gstin") == ABROAD["Gstin"]:
        yield Finding("BuyerDtls.Gstin", f"A {kind} supply goes to a GSTIN.", "2171", Mend.CUSTOMER)
    elif buyer.get("Pos") not in STATES:
        yield Finding("BuyerDtls.Pos", "The place of supply is no State of India.")


def _items(payload: Payload) -> Iterator[Finding]:
    items: Sequence[Payload] = payload.get("ItemList", ())
    if not items:
        yield Finding("ItemList", "No line is taxable or zero-rated: such a document has no e-invoice.")
    if len(items) > MAX_ITEMS:
        yield Finding("ItemList", f"There are {len(items):,} items: the portal takes {MAX_ITEMS:,}.")
    numbers = [item["SlNo"] for item in items]
    if len(set(numbers)) < len(numbers):
        yield Finding("ItemList.SlNo", "Two items have one number.", "2233")
