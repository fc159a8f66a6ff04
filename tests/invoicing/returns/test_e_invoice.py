"""E-invoices of documents: the golden ones to the paisa, and everything that the portal would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.documents.document import ExchangeNote, InvoiceDocument
from invoicing.lines import LineDiscount
from invoicing.returns.e_invoice import as_json, e_invoice, is_reported
from invoicing.returns.e_invoice_buyer import Buyer
from invoicing.returns.e_invoice_lints import lints_of
from tests.invoicing.returns.e_invoices import (
    SEZ,
    credit_note,
    document,
    export,
    inter_state,
    line,
    taxes,
)

D = Decimal
TODAY = date(2026, 10, 20)


def found(payload: dict[str, Any], *, today: date = TODAY, limited: bool = True) -> list[str]:
    """Codes, or the fields of what the portal has no code for."""
    lints = lints_of(payload, today=today, reported_within_30_days=limited)
    return [lint.code or lint.field for lint in lints if lint.blocks]


def test_an_invoice_within_a_state_rounded_to_the_rupee() -> None:
    payload = e_invoice(document())
    (item,) = payload["ItemList"]
    assert payload["TranDtls"] == {"TaxSch": "GST", "SupTyp": "B2B", "RegRev": "N"}
    assert payload["DocDtls"] == {"Typ": "INV", "No": "A2627-0001", "Dt": "05/10/2026"}
    assert (item["AssAmt"], item["GstRt"], item["CgstAmt"], item["SgstAmt"]) == (
        D("1234.57"),
        18,
        D("111.11"),
        D("111.11"),
    )
    assert item["TotItemVal"] == D("1456.79")
    assert item["PrdDesc"] == "API calls (1,000 calls)"
    assert "IgstAmt" not in item
    assert payload["ValDtls"] == {
        "AssVal": D("1234.57"),
        "CgstVal": D("111.11"),
        "SgstVal": D("111.11"),
        "RndOffAmt": D("0.21"),
        "TotInvVal": D("1457.00"),
    }
    assert payload["BuyerDtls"] == {
        "Gstin": "29AAACB5678B1ZP",
        "LglNm": "Bharat Analytics Limited",
        "Addr1": "1 Main Street",
        "Addr2": "2nd Floor, Blue Tower",
        "Loc": "Mysuru",
        "Pin": 570001,
        "Stcd": "29",
        "Pos": "29",
        "Em": "accounts@bharat.example",
    }
    assert payload["RefDtls"] == {
        "DocPerdDtls": {"InvStDt": "01/09/2026", "InvEndDt": "30/09/2026"},
        "ContrDtls": [{"PORefr": "PO-2026/77"}],
    }
    assert found(payload) == []


def test_an_export_is_told_in_rupees() -> None:
    payload = e_invoice(export())
    (item,) = payload["ItemList"]
    assert (item["UnitPrice"], item["Qty"], item["IgstAmt"], item["GstRt"]) == (D("41652.78"), 1, D("0.00"), 18)
    assert payload["ValDtls"]["TotInvVal"] == D("41652.78")
    assert payload["ValDtls"]["TotInvValFc"] == D("499.00")
    assert payload["ExpDtls"] == {"CntCode": "US", "ForCur": "USD"}
    buyer = payload["BuyerDtls"]
    assert (buyer["Gstin"], buyer["Pin"], buyer["Stcd"], buyer["Pos"]) == ("URP", 999999, "96", "96")
    assert found(payload) == []


def test_a_credit_note_is_positive_and_names_its_invoice() -> None:
    payload = e_invoice(credit_note())
    (item,) = payload["ItemList"]
    assert payload["DocDtls"]["Typ"] == "CRN"
    assert (item["AssAmt"], item["IgstAmt"]) == (D("5000.00"), D("900.00"))
    assert payload["RefDtls"]["PrecDocDtls"] == [{"InvNo": "A2627-0002", "InvDt": "06/10/2026"}]
    assert found(payload) == []


def test_a_zone_has_integrated_tax_and_its_real_state() -> None:
    zone = inter_state(
        customer=SEZ, supply_kind="SEZWP", place_of_supply="24-Gujarat",
        lines=(line("10000.00", tax="1800.00"),), taxes=taxes(("IGST", "18", "10000.00", "1800.00")),
    )  # fmt: skip
    payload = e_invoice(zone)
    assert (payload["BuyerDtls"]["Stcd"], payload["BuyerDtls"]["Pos"]) == ("24", "24")
    assert payload["ValDtls"]["IgstVal"] == D("1800.00")
    assert found(payload) == []


def test_the_json_has_exact_numbers_and_nothing_empty() -> None:
    text = as_json(e_invoice(replace(document(), round_off=D("-0.30"), purchase_order="")))
    assert b'"AssVal":1234.57,"CgstVal":111.11' in text
    assert b'"RndOffAmt":-0.30' in text
    assert b"null" not in text
    assert b'""' not in text
    assert json.loads(text)["SellerDtls"]["Ph"] == "918040001234"


@pytest.mark.parametrize("kind", ["B2C", "NO_GST"])
def test_other_supplies_have_no_e_invoice(kind: str) -> None:
    assert not is_reported(document(supply_kind=kind))


def test_exempt_lines_are_a_charge_and_no_item() -> None:
    mixed = document(lines=(line("1234.57", tax="222.22"), line("100.00", rate=D(0), position=2)), total=D("1557.00"))
    payload = e_invoice(mixed)
    assert len(payload["ItemList"]) == 1
    assert payload["ValDtls"]["OthChrg"] == D("100.00")
    assert payload["ValDtls"]["TotInvVal"] == D("1557.00")
    assert found(payload) == []
    assert not is_reported(document(lines=(line("100.00", rate=D(0)),)))


def test_a_line_below_zero_is_a_discount_of_the_others() -> None:
    corrected = inter_state(
        lines=(line("1000.00", tax="180.00"), line("-250.00", tax="-45.00", position=2), line("50.00", tax="9.00")),
        taxes=taxes(("IGST", "18", "800.00", "144.00")),
        total=D("944.00"),
    )
    first, second = e_invoice(corrected)["ItemList"]
    assert (first["TotAmt"], first["Discount"], first["AssAmt"], first["IgstAmt"]) == (
        D("1000.00"), D("250.00"), D("750.00"), D("135.00"),
    )  # fmt: skip
    assert second["AssAmt"] == D("50.00")
    assert found(e_invoice(corrected)) == []
    assert "ItemList[1].AssAmt" in found(e_invoice(inter_state(lines=(line("-5.00", tax="-0.90"),))))


def test_a_discount_stands_on_its_line() -> None:
    discount = LineDiscount(None, "Launch offer", "10%", D("4500.00"))  # type: ignore[arg-type]
    offered = inter_state(lines=(line("50000.00", tax="8190.00", discounts=(discount,)),), total=D("53690.00"))
    (item,) = e_invoice(offered)["ItemList"]
    assert (item["TotAmt"], item["Discount"], item["AssAmt"]) == (D("50000.00"), D("4500.00"), D("45500.00"))
    assert found(e_invoice(offered)) == []


# --- what must fail -----------------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], Any]


def _set(path: str, value: Any) -> Change:
    def change(payload: dict[str, Any]) -> None:
        *blocks, name = path.split(".")
        block: Any = payload
        for each in blocks:
            block = block[int(each)] if each.isdigit() else block[each]
        if value is None:
            del block[name]
        else:
            block[name] = value

    return change


@pytest.mark.parametrize(
    ("make", "path", "value", "code"),
    [
        (inter_state, "ValDtls.AssVal", D("45000.01"), "2182"),
        (inter_state, "ValDtls.IgstVal", D("8100.01"), "2183"),
        (document, "ValDtls.CgstVal", D("111.12"), "2184"),
        (document, "ValDtls.SgstVal", D("111.12"), "2185"),
        (document, "ValDtls.RndOffAmt", D("100.00"), "ValDtls.RndOffAmt"),
        (document, "ValDtls.TotInvVal", D("1458.01"), "2189"),
        (inter_state, "ItemList.0.IgstAmt", D("8101.01"), "2234"),
        (document, "ItemList.0.CgstAmt", D("112.13"), "2235"),
        (document, "ItemList.0.SgstAmt", D("111.12"), "2227"),
        (inter_state, "ItemList.0.UnitPrice", D("45000.01"), "2192"),
        (inter_state, "ItemList.0.Discount", D("0.01"), "2193"),
        (inter_state, "ItemList.0.TotItemVal", D("53100.01"), "2194"),
        (inter_state, "ItemList.0.GstRt", D(17), "2240"),
        (inter_state, "ItemList.0.HsnCd", "9983", "2176"),
        (inter_state, "ItemList.0.HsnCd", "99831500", "2176"),
        (inter_state, "ItemList.0.HsnCd", "997915", "2176"),
        (inter_state, "ItemList.0.CesAmt", D("0.01"), "2186"),
        (inter_state, "ItemList.0.IsServc", "N", "ItemList[1].IsServc"),
        (document, "DocDtls.No", "0001", "DocDtls.No"),
        (document, "DocDtls.Dt", "21/10/2026", "2230"),
        (document, "DocDtls.Dt", "20/09/2026", "DocDtls.Dt"),
        (document, "TranDtls.SupTyp", "SEZWP", "2237"),
        (document, "TranDtls.SupTyp", "EXPWP", "2180"),
        (document, "TranDtls.SupTyp", "B2CS", "TranDtls.SupTyp"),
        (inter_state, "BuyerDtls.Pos", "29", "2172"),
        (document, "BuyerDtls.Pos", "27", "2174"),
        (document, "BuyerDtls.Gstin", "29AAACA1234A1ZG", "2211"),
        (document, "BuyerDtls.Gstin", "URP", "2171"),
        (document, "BuyerDtls.Gstin", "29AAACB5678B1ZQ", "BuyerDtls.Gstin"),
        (document, "BuyerDtls.Stcd", "27", "2265"),
        (document, "SellerDtls.Stcd", "27", "2258"),
        (document, "BuyerDtls.Pin", None, "2244"),
        (document, "BuyerDtls.Loc", "Go", "BuyerDtls.Loc"),
        (document, "BuyerDtls.Addr1", None, "BuyerDtls.Addr1"),
        (export, "BuyerDtls.Gstin", "29AAACB5678B1ZP", "2248"),
        (export, "BuyerDtls.Stcd", "27", "2229"),
        (export, "BuyerDtls.Pin", 411001, "2232"),
        (export, "BuyerDtls.Pos", "27", "2232"),
        (export, "ExpDtls.CntCode", None, "ExpDtls.CntCode"),
        (credit_note, "RefDtls.PrecDocDtls", None, "RefDtls.PrecDocDtls"),
    ],
)
def test_what_the_portal_refuses_is_found_before(
    make: Callable[[], InvoiceDocument], path: str, value: Any, code: str
) -> None:
    payload = deepcopy(e_invoice(make()))
    _set(path, value)(payload)
    assert code in found(payload)


def test_two_items_never_have_one_number() -> None:
    payload = e_invoice(inter_state(lines=(line("10.00", tax="1.80"), line("20.00", tax="3.60", position=2))))
    payload["ItemList"][1]["SlNo"] = "1"
    assert "2233" in found(payload)


@pytest.mark.parametrize(
    ("kind", "buyer", "codes"),
    [
        ("SEZWP", Buyer(is_sez=False, checked_on=TODAY, check_is_due=False), ["2246"]),
        ("B2B", Buyer(is_sez=True, checked_on=TODAY, check_is_due=False), ["2247"]),
        ("B2B", Buyer(is_sez=False, checked_on=None, check_is_due=True), ["3029"]),
        ("SEZWOP", Buyer(is_sez=True, checked_on=TODAY, check_is_due=False), []),
    ],
)
def test_what_only_the_register_of_taxpayers_knows_is_worth_a_look(kind: str, buyer: Buyer, codes: list[str]) -> None:
    payload = e_invoice(inter_state(supply_kind=kind))
    lints = lints_of(payload, today=TODAY, reported_within_30_days=True, buyer=buyer)
    assert [lint.code for lint in lints if not lint.blocks] == codes


def test_a_description_that_is_too_short_is_left_out() -> None:
    (item,) = e_invoice(inter_state(lines=(line("45000.00", tax="8100.00", description="#", unit=""),)))["ItemList"]
    assert "PrdDesc" not in item


def test_reverse_charge_is_for_b2b_only() -> None:
    payload = e_invoice(export())
    payload["TranDtls"]["RegRev"] = "Y"
    assert "2162" in found(payload)


def test_the_last_of_thirty_days_is_in_time() -> None:
    payload = e_invoice(document(issue_date=date(2026, 4, 1)))
    assert found(payload, today=date(2026, 4, 30)) == []
    assert found(payload, today=date(2026, 5, 1)) == ["DocDtls.Dt"]
    assert found(payload, today=date(2026, 5, 1), limited=False) == []


def test_a_thousand_items_are_taken_and_not_one_more() -> None:
    def of(count: int) -> InvoiceDocument:
        lines = tuple(line("10.00", tax="1.80", position=number) for number in range(1, count + 1))
        return inter_state(lines=lines, taxes=taxes(("IGST", "18", "1.00", "1.00")))

    assert found(e_invoice(of(1000))) == []
    assert found(e_invoice(of(1001))) == ["ItemList"]


def test_a_pin_of_another_state_is_worth_a_look_and_blocks_nothing() -> None:
    payload = e_invoice(document())
    payload["BuyerDtls"]["Pin"] = 411001
    (lint,) = lints_of(payload, today=TODAY, reported_within_30_days=True)
    assert (lint.code, lint.blocks) == ("2178", False)


@given(
    amounts=st.lists(st.decimals("0.01", "99999", places=2), min_size=1, max_size=40),
    rate=st.decimals("0.5", "150", places=4),
)
def test_a_foreign_document_adds_up_to_its_rupee_values(amounts: list[Decimal], rate: Decimal) -> None:
    """Whatever the lines and the rate: values and taxes of the items are those that the document states in rupees."""
    taxable = sum(amounts, D(0))
    in_rupees = (taxable * rate).quantize(D("0.01"), rounding="ROUND_HALF_UP")
    tax = (in_rupees * 18 / 100).quantize(D("0.01"), rounding="ROUND_HALF_UP")
    lines = tuple(line(str(amount), tax=str((amount * 18 / 100).quantize(D("0.01")))) for amount in amounts)
    foreign = replace(
        export(),
        supply_kind="EXPWP",
        lines=lines,
        exchange=ExchangeNote("USD", "INR", rate, TODAY, "RBI", in_rupees, tax, in_rupees + tax),
    )
    payload = e_invoice(foreign)
    assert payload["ValDtls"]["AssVal"] == in_rupees
    if any(each.tax_amount for each in lines):
        assert payload["ValDtls"]["IgstVal"] == tax
