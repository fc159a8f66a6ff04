"""The golden month comes out of a real database to the paisa, in every form."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoicing.models import EInvoice
from invoicing.returns.documents import Amounts
from invoicing.returns.lints import Level
from invoicing.returns.portal_json import PortalJson
from invoicing.returns.sections import Section
from invoicing.services import voiding
from invoicing.services.e_invoices import recording
from invoicing.services.returns.reading import figures_of, read_return
from organisations.models import BillingEntity
from tests.invoicing.e_invoices.language import customer_with_gstin, issued_on, making_seller
from tests.invoicing.e_invoices.language import registered as given_by_the_portal
from tests.invoicing.language import at
from tests.returns.golden_month import SELLER, golden_month, seller
from tests.returns.language import OCTOBER

pytestmark = pytest.mark.django_db
D = Decimal


def day(number: int) -> str:
    return f"{number:02d}-10-2026"


def listed(number: int, on: int, value: str, *, note: bool = False, **more: Any) -> dict[str, Any]:
    if note:
        return {"ntty": "C", "nt_num": f"C-2627-{number:04d}", "nt_dt": day(on), "val": D(value), **more}
    return {"inum": f"A-2627-{number:04d}", "idt": day(on), "val": D(value), **more}


def inter(taxable: str, tax: str) -> list[dict[str, Any]]:
    detail = {"rt": 18, "txval": D(taxable), "iamt": D(tax), "csamt": 0}
    return [{"num": 1801, "itm_det": detail}]


def intra(taxable: str, half: str) -> list[dict[str, Any]]:
    detail = {"rt": 18, "txval": D(taxable), "camt": D(half), "samt": D(half), "csamt": 0}
    return [{"num": 1801, "itm_det": detail}]


def registered(pos: str, kind: str = "R") -> dict[str, str]:
    return {"pos": pos, "rchrg": "N", "inv_typ": kind}


EXPECTED: dict[str, Any] = {
    "gstin": SELLER,
    "fp": "102026",
    "version": "GST3.2.4",
    "hash": "hash",
    "b2b": [
        {
            "ctin": "24AAACC4321C1ZI",
            "inv": [listed(3, 6, "11800.00", **registered("24", "SEWP"), itms=inter("10000.00", "1800.00"))],
        },
        {
            "ctin": "27AAACB5678B1ZT",
            "inv": [listed(2, 6, "53100.00", **registered("27"), itms=inter("45000.00", "8100.00"))],
        },
        {
            "ctin": "29AAACB5678B1ZP",
            "inv": [listed(1, 5, "1456.79", **registered("29"), itms=intra("1234.57", "111.11"))],
        },
        {
            "ctin": "33AAACD8765D1ZS",
            "inv": [listed(4, 7, "20000.00", **registered("33", "SEWOP"), itms=inter("20000.00", "0"))],
        },
    ],
    "b2cl": [{"pos": "33", "inv": [listed(5, 8, "118000.00", itms=inter("100000.00", "18000.00"))]}],
    "b2cs": [
        {"sply_ty": "INTRA", "rt": 18, "typ": "OE", "pos": "29", "txval": D("500.25"), "camt": D("45.03"),
         "samt": D("45.03"), "csamt": 0},
        {"sply_ty": "INTER", "rt": 18, "typ": "OE", "pos": "27", "txval": D("84745.76"), "iamt": D("15254.24"),
         "csamt": 0},
    ],
    "exp": [
        {
            "exp_typ": "WOPAY",
            "inv": [
                listed(8, 12, "41652.78", itms=[{"txval": D("41652.78"), "rt": 18, "iamt": 0, "csamt": 0}]),
            ],
        },
        {
            "exp_typ": "WPAY",
            "inv": [
                listed(9, 13, "1180.00", itms=[{"txval": D("1000.00"), "rt": 18, "iamt": D("180.00"), "csamt": 0}]),
            ],
        },
    ],
    "cdnr": [
        {
            "ctin": "27AAACB5678B1ZT",
            "nt": [listed(1, 20, "5900.00", note=True, **registered("27"), itms=inter("5000.00", "900.00"))],
        }
    ],
    "cdnur": [
        {"typ": "B2CL", **listed(3, 22, "11800.00", note=True, pos="33", itms=inter("10000.00", "1800.00"))},
        {"typ": "EXPWOP", **listed(4, 23, "4165.28", note=True, itms=inter("4165.28", "0"))},
    ],
    "doc_issue": {
        "doc_det": [
            {
                "doc_num": 1,
                "docs": [
                    {"num": 1, "from": "A-2627-0001", "to": "A-2627-0010", "totnum": 10, "cancel": 1, "net_issue": 9}
                ],
            },
            {
                "doc_num": 5,
                "docs": [
                    {"num": 1, "from": "C-2627-0001", "to": "C-2627-0004", "totnum": 4, "cancel": 0, "net_issue": 4}
                ],
            },
        ]
    },
    "hsn": {
        "hsn_b2b": [
            {"num": 1, "hsn_sc": "998315", "desc": "", "uqc": "NA", "qty": 0, "rt": 18, "txval": D("71234.57"),
             "iamt": D("9000.00"), "camt": D("111.11"), "samt": D("111.11"), "csamt": 0}
        ],
        "hsn_b2c": [
            {"num": 1, "hsn_sc": "998315", "desc": "", "uqc": "NA", "qty": 0, "rt": 18, "txval": D("213733.51"),
             "iamt": D("31634.24"), "camt": D("45.03"), "samt": D("45.03"), "csamt": 0}
        ],
    },
}  # fmt: skip


def test_the_portal_gets_the_golden_month_to_the_paisa() -> None:
    golden_month()
    writer = PortalJson()
    reading = read_return(gstin=SELLER, period=OCTOBER, writers=[writer])
    (part,) = [json.loads(part.read(), parse_float=D) for part in writer.parts]
    assert part == EXPECTED
    assert list(part) == [
        "gstin", "fp", "version", "hash", "b2b", "b2cl", "b2cs", "exp", "cdnr", "cdnur", "doc_issue", "hsn",
    ]  # fmt: skip
    due = Amounts(D("284968.08"), D("40634.24"), D("156.14"), D("156.14"))
    found = reading.reconciliation
    assert found.sections == found.codes == found.ledger == due == reading.gstr1.liability
    assert not reading.gstr1.found[Level.BLOCK]
    b2b = reading.gstr1.sections[Section.B2B]
    assert (b2b.documents, b2b.amounts) == (4, Amounts(D("76234.57"), D("9900.00"), D("111.11"), D("111.11")))


def test_figures_are_worked_out_again_when_a_document_came_or_became_void(django_assert_max_num_queries: Any) -> None:
    invoices, _notes = golden_month()
    first = figures_of(gstin=SELLER, period=OCTOBER)
    with django_assert_max_num_queries(15):  # a question for each kind of document, however many there are
        assert figures_of(gstin=SELLER, period=OCTOBER) == first
    with at("2026-10-30 10:00"):
        voiding.void_invoice(invoice_id=invoices[0].pk, reason="Not agreed")
    second = figures_of(gstin=SELLER, period=OCTOBER)
    assert D(first["liability"]["taxable"]) - D(second["liability"]["taxable"]) == D("1234.57")


def test_a_document_that_needs_an_irn_and_has_none_is_told() -> None:
    with at("2026-10-01 09:00"):
        entity = seller()
        BillingEntity.objects.filter(pk=entity.pk).update(e_invoices_from=date(2026, 4, 1))
    golden_month()
    reading = read_return(gstin=SELLER, period=OCTOBER)
    told = [lint.sentence.partition(":")[0] for lint in reading.gstr1.lints[Level.WARN] if lint.code == "IRN_MISSING"]
    registered, abroad = ["A-2627-0001", "A-2627-0002", "A-2627-0003", "A-2627-0004"], ["A-2627-0008", "A-2627-0009"]
    assert sorted(told) == [*registered, *abroad, "C-2627-0001", "C-2627-0004"]


def test_an_irn_is_told_for_two_days() -> None:
    issued = issued_on("2026-10-05 10:00", customer_with_gstin(making_seller()))
    found = EInvoice.objects.get(invoice=issued)
    with at("2026-10-05 12:00"):
        recording.record_typed(e_invoice_id=found.pk, registered=given_by_the_portal(found))  # acknowledged at 11:00
    for moment, codes in (("2026-10-07 10:59", ["IRN_NEW"]), ("2026-10-07 11:00", [])):
        with at(moment):
            figures = figures_of(gstin=issued.seller_gstin, period=OCTOBER)
        assert [lint["code"] for lint in figures["lints"] if lint["code"].startswith("IRN")] == codes


def test_the_amounts_of_the_file_are_numbers_with_two_decimals() -> None:
    golden_month()
    writer = PortalJson()
    read_return(gstin=SELLER, period=OCTOBER, writers=[writer])
    text = writer.parts[0].read().decode()
    assert (
        '{"ctin":"27AAACB5678B1ZT","inv":[{"inum":"A-2627-0002","idt":"06-10-2026","val":53100.00,"pos":"27",'
        '"rchrg":"N","inv_typ":"R","itms":[{"num":1801,"itm_det":{"rt":18,"txval":45000.00,"iamt":8100.00,'
        '"csamt":0}}]}]}'
    ) in text
    assert (
        '{"exp_typ":"WOPAY","inv":[{"inum":"A-2627-0008","idt":"12-10-2026","val":41652.78,"itms":[{"txval":41652.78,'
        '"rt":18,"iamt":0,"csamt":0}]}]}'
    ) in text
