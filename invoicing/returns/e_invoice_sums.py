"""Whether the amounts of an e-invoice agree with each other, within what the portal tolerates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billing_platform.lib.gst import RATES, is_service, is_service_heading
from billing_platform.lib.money import ZERO, exact_arithmetic
from invoicing.returns.e_invoice_finding import Finding

TOLERANCE = Decimal("1.00")
"""Rupees between an item's tax and its value times its rate, and between the total and what it is made of."""
LARGEST_ROUND_OFF = Decimal("99.99")
_HEADS = (
    ("IgstVal", "IgstAmt", "2183"),
    ("CgstVal", "CgstAmt", "2184"),
    ("SgstVal", "SgstAmt", "2185"),
    ("CesVal", "CesAmt", "2186"),
)
_CODE = re.compile(r"99[0-9]{4}|(?!99)[0-9]{6,8}")
"""Of a service six digits; of goods up to eight."""

Block = Mapping[str, Any]


def item_lints(payload: Block) -> Iterator[Finding]:
    """What is wrong with single items."""
    without_payment = payload["TranDtls"]["SupTyp"].endswith("WOP")
    for item in payload.get("ItemList", ()):
        with exact_arithmetic():
            yield from _item(item, f"ItemList[{item['SlNo']}]", without_payment=without_payment)


def _item(item: Block, path: str, *, without_payment: bool) -> Iterator[Finding]:
    name = f"Item {item['SlNo']}"
    yield from _code(item, path, name)
    if item.get("GstRt") is None:
        yield Finding(f"{path}.GstRt", f"{name}: the document does not say the GST rate of the service.")
    elif item["GstRt"] not in RATES:
        yield Finding(f"{path}.GstRt", f"{name}: {item['GstRt']}% is no rate of GST.", "2240")
    if item["AssAmt"] < ZERO:
        yield Finding(f"{path}.AssAmt", f"{name} is below zero, and no other item of its service can bear it.")
    if item["TotAmt"] != item["Qty"] * item["UnitPrice"]:
        yield Finding(f"{path}.TotAmt", f"{name}: the amount is not the quantity times the unit price.", "2192")
    if item["AssAmt"] != item["TotAmt"] - item.get("Discount", ZERO):
        yield Finding(f"{path}.AssAmt", f"{name}: the taxable value is not the amount less the discount.", "2193")
    taxes = [item.get(head, ZERO) for head in ("IgstAmt", "CgstAmt", "SgstAmt", "CesAmt")]
    if item["TotItemVal"] != item["AssAmt"] + sum(taxes, ZERO):
        yield Finding(f"{path}.TotItemVal", f"{name}: value and taxes don't add up to its total.", "2194")
    if item.get("GstRt") is not None and not without_payment:
        yield from _tax(item, path, name)


def _code(item: Block, path: str, name: str) -> Iterator[Finding]:
    if not _CODE.fullmatch(item.get("HsnCd", "")):
        yield Finding(f"{path}.HsnCd", f"{name}: a service code has 6 digits, one of goods 6 to 8.", "2176")
    elif (item["IsServc"] == "Y") != is_service(item["HsnCd"]):
        yield Finding(f"{path}.IsServc", f"{name}: codes of services begin with 99, those of goods don't.")
    elif is_service(item["HsnCd"]) and not is_service_heading(item["HsnCd"]):
        yield Finding(f"{path}.HsnCd", f"{name}: no service has a code that begins with {item['HsnCd'][:4]}.", "2176")


def _tax(item: Block, path: str, name: str) -> Iterator[Finding]:
    """Each head against the value times its rate."""
    whole = (item["AssAmt"] * item["GstRt"]).scaleb(-2)
    if "IgstAmt" in item:
        heads = [("IgstAmt", whole, "2234")]
    else:
        heads = [(head, whole / 2, "2235") for head in ("CgstAmt", "SgstAmt")]
        if item.get("CgstAmt") != item.get("SgstAmt"):
            yield Finding(f"{path}.CgstAmt", f"{name}: CGST is not SGST.", "2227")
    for head, expected, code in heads:
        if abs(item.get(head, ZERO) - expected) > TOLERANCE:
            sentence = f"{name}: {head[:4].upper()} of {item.get(head, ZERO)} differs from {expected} by more than ₹1."
            yield Finding(f"{path}.{head}", sentence, code)


def sum_lints(payload: Block) -> Iterator[Finding]:
    """Whether the items add up to the document."""
    items: Sequence[Block] = payload.get("ItemList", ())
    value: Block = payload["ValDtls"]
    with exact_arithmetic():
        if value["AssVal"] != _sum(items, "AssAmt"):
            yield Finding(
                "ValDtls.AssVal", "The taxable values of the items don't add up to that of the document.", "2182"
            )
        for total, amount, code in _HEADS:
            if value.get(total, ZERO) != _sum(items, amount):
                sentence = f"{amount[:4].upper()} of the items does not add up to that of the document."
                yield Finding(f"ValDtls.{total}", sentence, code)
        if value.get("OthChrg", ZERO) < ZERO:
            yield Finding(
                "ValDtls.OthChrg", "The lines without GST are below zero: the portal takes no negative charges."
            )
        round_off = value.get("RndOffAmt", ZERO)
        if abs(round_off) > LARGEST_ROUND_OFF:
            yield Finding("ValDtls.RndOffAmt", f"A round-off of {round_off} is too much: ₹{LARGEST_ROUND_OFF} at most.")
        made_of = _sum(items, "TotItemVal") - value.get("Discount", ZERO) + value.get("OthChrg", ZERO) + round_off
        if abs(value["TotInvVal"] - made_of) > TOLERANCE:
            yield Finding("ValDtls.TotInvVal", "The total is not that of the items, charges and round-off.", "2189")


def _sum(items: Sequence[Block], name: str) -> Decimal:
    return sum((item.get(name, ZERO) for item in items), ZERO)
