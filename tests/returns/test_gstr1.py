"""GSTR-1 from documents as values: sections, tables 12 and 13, what blocks, and files."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_platform.lib.periods import BillingPeriod, PeriodError
from invoicing.returns.documents import Amounts, Irn
from invoicing.returns.gstr1 import Place, takes_off
from invoicing.returns.lints import Level
from invoicing.returns.number_ranges import NumberRange
from invoicing.returns.period import Frequency, ReturnPeriod
from invoicing.returns.portal_json import PortalJson, doc_issue
from invoicing.returns.rounding import settle
from invoicing.returns.sections import CHANGED, Section, section_of
from invoicing.returns.sheet_files import CsvSheets, XlsxSheets
from invoicing.returns.summary import Reconciliation
from tests.returns.language import CUSTOMERS, document, gstr1, note

D = Decimal


def parts(*documents: Any, part_bytes: int = 4_000_000, **options: Any) -> list[dict[str, Any]]:
    writer = PortalJson(part_bytes=part_bytes)
    gstr1(*documents, writers=[writer], **options)
    return [json.loads(part.read(), parse_float=D) for part in writer.parts]


def numbers_row(first: str, last: str, total: int, cancelled: int) -> dict[str, Any]:
    counted = {"totnum": total, "cancel": cancelled, "net_issue": total - cancelled}
    return {"num": 1, "from": first, "to": last, **counted}


def test_running_totals_settle_parts_that_add_up() -> None:
    assert settle([D("0.333")] * 3) == [D("0.33"), D("0.34"), D("0.33")]
    # the vector of facts A6: documents A 13742.47, B 2313.10 + 144.83
    a = settle([D("8395.11"), D("5347.355")])
    b18, b5 = settle([D("2313.095")]), settle([D("144.826")])
    assert (sum(a), b18, b5) == (D("13742.47"), [D("2313.10")], [D("144.83")])
    assert (a[0] + b18[0] + b5[0], a[1]) == (D("10853.04"), D("5347.36"))


@given(st.lists(st.decimals(-9999, 9999, places=4), max_size=8), st.decimals(0, 99999, places=2))
@settings(max_examples=200, deadline=None)
def test_parts_always_add_up_to_what_was_booked(exact: list[Decimal], to: Decimal) -> None:
    assert sum(settle(exact, to)) == (to if exact else 0)


@pytest.mark.parametrize(
    ("customer", "taxable", "day", "section"),
    [
        ("karnataka", "100.00", date(2026, 10, 5), Section.B2B),
        ("sez", "100.00", date(2026, 10, 5), Section.B2B),
        ("abroad", "900000.00", date(2026, 10, 5), Section.EXP),
        ("consumer", "900000.00", date(2026, 10, 5), Section.B2CS),  # within the State: any value
        ("consumer_mumbai", "84745.76", date(2026, 10, 5), Section.B2CS),  # 1,00,000.00
        ("consumer_mumbai", "84745.77", date(2026, 10, 5), Section.B2CL),  # 1,00,000.01
        ("consumer_mumbai", "84745.77", date(2024, 7, 31), Section.B2CS),
        ("consumer_mumbai", "211864.41", date(2024, 7, 31), Section.B2CS),  # 2,50,000.00
        ("consumer_mumbai", "211864.42", date(2024, 7, 31), Section.B2CL),
        ("karnataka", "0.00", date(2026, 10, 5), Section.NONE),
    ],
)
def test_an_invoice_stands_where_customer_place_and_value_say(
    customer: str, taxable: str, day: date, section: Section
) -> None:
    assert section_of(document(customer, taxable, issue_date=day)) == section


@pytest.mark.parametrize(
    ("customer", "of", "section"),
    [
        ("maharashtra", "500.00", Section.CDNR),
        ("abroad_lut", "500.00", Section.CDNUR),
        ("consumer_mumbai", "100000.01", Section.CDNUR),  # a small note to a large invoice
        ("consumer_mumbai", "100000.00", Section.B2CS),
        ("consumer", "900000.00", Section.B2CS),
    ],
)
def test_a_note_stands_where_its_invoice_does(customer: str, of: str, section: Section) -> None:
    assert section_of(note(customer, "10.00", of=of)) == section


def test_void_and_commercial_documents_count_as_numbers_only() -> None:
    found = gstr1(
        document("karnataka", "100.00", sequence_number=1),
        document("karnataka", "100.00", sequence_number=2, is_void=True),
        note("karnataka", "10.00", sequence_number=7, is_commercial=True),
    )
    assert found.sections[Section.B2B].documents == 1
    assert list(found.sections) == [Section.B2B]
    assert doc_issue(found)["doc_det"] == [
        {
            "doc_num": 1,
            "docs": [{"num": 1, "from": "A/0001", "to": "A/0002", "totnum": 2, "cancel": 1, "net_issue": 1}],
        },
        {
            "doc_num": 5,
            "docs": [{"num": 1, "from": "C/0007", "to": "C/0007", "totnum": 1, "cancel": 0, "net_issue": 1}],
        },
    ]


def test_a_gap_begins_a_range_and_is_told() -> None:
    found = gstr1(
        *(document("karnataka", "1.00", sequence_number=running) for running in (12, 9, 10, 11, 15, 16)),
        document("karnataka", "1.00", series="B-", sequence_number=1),
        document("karnataka", "1.00", sequence_number=10_000),  # one digit more than the series began with
    )
    kind = document("karnataka", "1.00").kind
    assert list(found.numbers.ranges()) == [
        NumberRange(kind, "A/0009", "A/0012", 4, 0),
        NumberRange(kind, "A/0015", "A/0016", 2, 0),
        NumberRange(kind, "A/10000", "A/10000", 1, 0),
        NumberRange(kind, "B-0001", "B-0001", 1, 0),
    ]
    assert [lint.sentence for lint in found.lints[Level.WARN]] == [
        "No document of this return has the numbers between A/0012 and A/0015.",
        "No document of this return has the numbers between A/0016 and A/10000.",
    ]


def test_nil_rated_services_go_to_table_8_and_into_table_12() -> None:
    mixed = document("maharashtra", "100.00", ("40.00", "0", "998315"))
    found = gstr1(mixed, document("consumer", ("7.00", "0", "998315")), note("maharashtra", ("15.00", "0", "998315")))
    (part,) = parts(mixed, document("consumer", ("7.00", "0", "998315")))
    assert [item["itm_det"]["rt"] for item in part["b2b"][0]["inv"][0]["itms"]] == [18]
    assert part["b2b"][0]["inv"][0]["val"] == D("158.00")
    assert part["nil"]["inv"] == [
        {"sply_ty": "INTRAB2C", "nil_amt": D("7.00"), "expt_amt": 0, "ngsup_amt": 0},
        {"sply_ty": "INTRB2B", "nil_amt": D("40.00"), "expt_amt": 0, "ngsup_amt": 0},
    ]
    assert found.by_sections == found.by_codes == Amounts(D("132.00"), igst=D("18.00"))


_documents = st.lists(
    st.builds(
        lambda customer, lines, is_note, of: (note if is_note else document)(
            customer, *lines, **({"of": of} if is_note else {})
        ),
        st.sampled_from(CUSTOMERS),
        st.lists(
            st.tuples(
                st.decimals(0, 300_000, places=2).map(str),
                st.sampled_from(["0", "5", "18"]),
                st.sampled_from(["998315", "998313"]),
            ),
            min_size=1,
            max_size=4,
        ),
        st.booleans(),
        st.sampled_from(["1000.00", "200000.00"]),
    ),
    max_size=12,
)


@given(_documents)
@settings(max_examples=150, deadline=None)
def test_sections_table_12_and_documents_always_agree(documents: list[Any]) -> None:
    writer = PortalJson()
    found = gstr1(*documents, writers=[writer])
    ledger = sum((-each.amounts if each.is_note else each.amounts for each in documents), Amounts())
    assert found.by_sections == found.by_codes == ledger
    (part,) = [json.loads(each.read(), parse_float=D) for each in writer.parts]
    assert _written(part) == (ledger.taxable, ledger.igst, ledger.cgst, ledger.sgst)
    rows = [row for name in ("hsn_b2b", "hsn_b2c") for row in part.get("hsn", {}).get(name, [])]
    assert tuple(sum((D(row[head]) for row in rows), D(0)) for head in ("txval", "iamt", "camt", "samt")) == (
        ledger.taxable, ledger.igst, ledger.cgst, ledger.sgst,
    )  # fmt: skip
    ranges = [row for kind in part.get("doc_issue", {}).get("doc_det", []) for row in kind["docs"]]
    assert sum(row["net_issue"] for row in ranges) == len(documents)


@given(_documents, _documents)
@settings(max_examples=100, deadline=None)
def test_what_is_void_since_the_last_return_is_taken_off_in_all_three(documents: list[Any], gone: list[Any]) -> None:
    found = gstr1(*documents, month="2026-11")
    gone = [each for each in gone if not each.is_note]
    for each in gone:
        found.change(each)
    ledger = sum((-each.amounts if each.is_note else each.amounts for each in documents), Amounts())
    ledger += sum((-each.amounts for each in gone), Amounts())
    assert found.by_sections == found.by_codes == ledger
    shown = sum((_added(section, total.amounts) for section, total in found.sections.items()), found.taken_off.amounts)
    assert shown == found.liability


def _added(section: Section, amounts: Amounts) -> Amounts:
    """What a section of the page adds to the tax due."""
    if section in CHANGED:
        return Amounts()
    return -amounts if takes_off(section) else amounts


def _written(part: dict[str, Any]) -> tuple[Decimal, ...]:
    """Taxable value and heads of all sections of a file, notes taken off."""
    sums = [D(0)] * 4
    listed = [(1, inv) for name in ("b2b", "b2cl", "exp") for group in part.get(name, []) for inv in group["inv"]]
    listed += [(-1, each) for group in part.get("cdnr", []) for each in group["nt"]]
    listed += [(-1, each) for each in part.get("cdnur", [])]
    items = [(sign, item.get("itm_det", item)) for sign, row in listed for item in row["itms"]]
    items += [(1, row) for row in part.get("b2cs", [])]
    items += [(1, {"txval": row["nil_amt"]}) for row in part.get("nil", {}).get("inv", [])]
    for sign, item in items:
        for index, head in enumerate(("txval", "iamt", "camt", "samt")):
            sums[index] += sign * D(item.get(head, 0))
    return tuple(sums)


def test_long_returns_are_split_at_whole_invoices() -> None:
    documents = [document(customer, "1000.00") for customer in ("karnataka", "maharashtra") for _ in range(60)]
    documents += [note("maharashtra", "1.00") for _ in range(20)]
    found = parts(*documents, part_bytes=6_000)
    assert len(found) > 3
    assert all(len(json.dumps(part, default=str)) < 9_000 for part in found)
    assert {(part["gstin"], part["fp"], part["version"], part["hash"]) for part in found} == {
        ("29AAACA1234A1ZG", "102026", "GST3.2.4", "hash")
    }
    numbers = [inv["inum"] for part in found for group in part.get("b2b", []) for inv in group["inv"]]
    assert sorted(numbers) == sorted(each.number for each in documents if not each.is_note)
    assert sum(len(group["nt"]) for part in found for group in part.get("cdnr", [])) == 20
    assert [sum(name in part for part in found) for name in ("hsn", "doc_issue")] == [1, 1]
    for part in found:  # one group for each customer
        keys = [group["ctin"] for group in part.get("b2b", [])]
        assert len(keys) == len(set(keys))


def test_nothing_stands_for_an_empty_section() -> None:
    assert parts() == [{"gstin": "29AAACA1234A1ZG", "fp": "102026", "version": "GST3.2.4", "hash": "hash"}]


def test_an_iff_has_sales_to_businesses_and_no_tables() -> None:
    documents = [document("karnataka", "10.00"), document("consumer", "20.00"), document("abroad", "30.00")]
    (part,) = parts(*documents, note("karnataka", "1.00"), frequency=Frequency.IFF)
    assert sorted(part) == ["b2b", "cdnr", "fp", "gstin", "hash", "version"]


def test_what_an_iff_furnished_counts_in_tables_12_and_13_only() -> None:
    found = gstr1(month="2026-12", frequency=Frequency.QUARTERLY)
    found.add(document("maharashtra", "100.00"), is_furnished=True)
    found.add(document("consumer", "50.00"))
    assert list(found.sections) == [Section.B2CS]
    assert found.furnished.amounts == Amounts(D("100.00"), igst=D("18.00"))
    assert found.by_sections == found.by_codes
    assert sum(each.net for each in found.numbers.ranges()) == 2


def test_a_quarter_is_named_by_its_last_month_and_an_iff_is_none_of_it() -> None:
    december = BillingPeriod.parse("2026-12")
    quarter = ReturnPeriod.of(december, Frequency.QUARTERLY)
    assert (quarter.start, quarter.end, quarter.code) == (date(2026, 10, 1), date(2027, 1, 1), "122026")
    assert ReturnPeriod.of(BillingPeriod.parse("2027-02"), Frequency.QUARTERLY).start == date(2027, 1, 1)
    with pytest.raises(PeriodError, match="file the quarter"):
        ReturnPeriod.of(december, Frequency.IFF)


def test_documents_void_since_the_last_return_are_changed_to_nothing() -> None:
    writer, table = PortalJson(), CsvSheets()
    filed = {Place(False, "29", D(18)): Amounts(D("500.25"), cgst=D("45.03"), sgst=D("45.03"))}
    found = gstr1(month="2026-11", filed_places=filed)
    found.writers = [writer, table]
    gone = [document("maharashtra", "100.00"), document("abroad", "50.00"), document("consumer", "0.25")]
    large = document("consumer_mumbai", "200000.00")
    for each in (*gone, large):
        found.change(each)
    found.add(document("maharashtra", "300.00", issue_date=date(2026, 11, 5)))
    found.finish()
    part = json.loads(writer.parts[0].read(), parse_float=D)
    row = {"oinum": gone[0].number, "oidt": "05-10-2026", "inum": gone[0].number, "idt": "05-10-2026", "val": 0}
    item = {"num": 1801, "itm_det": {"rt": 18, "txval": 0, "iamt": 0, "csamt": 0}}
    assert part["b2ba"] == [
        {"ctin": "27AAACB5678B1ZT", "inv": [{**row, "pos": "27", "rchrg": "N", "inv_typ": "R", "itms": [item]}]}
    ]
    assert [each["oinum"] for group in part["expa"] for each in group["inv"]] == [gone[1].number]
    assert [(group["pos"], group["inv"][0]["oinum"]) for group in part["b2cla"]] == [("27", large.number)]
    revised = {"rt": 18, "txval": D("500.00"), "camt": D("45.01"), "samt": D("45.01"), "csamt": 0}
    assert part["b2csa"] == [{"omon": "102026", "sply_ty": "INTRA", "typ": "OE", "pos": "29", "itms": [revised]}]
    assert (
        found.by_sections
        == found.by_codes
        == Amounts(
            D("300") - 100 - 50 - D("0.25") - 200_000, igst=D("54") - 18 - 9 - 36_000, cgst=D("-0.02"), sgst=D("-0.02")
        )
    )
    added = found.sections[Section.B2B].amounts
    assert (found.taken_off.documents, added + found.taken_off.amounts) == (4, found.by_sections)
    with zipfile.ZipFile(table.file) as archive:
        assert "b2ba.csv" in archive.namelist()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"customer_gstin": "27AAACB5678B1ZX"}, "GSTIN_INVALID"),
        ({"customer_gstin": "29AAACA1234A1ZG"}, "SUPPLY_TO_ONESELF"),
        ({"number": "0001"}, "NUMBER_INVALID"),
        ({"place_of_supply": ""}, "PLACE_UNKNOWN"),
        ({"place_of_supply": "96"}, "PLACE_UNKNOWN"),
        ({"place_of_supply": "29"}, "HEADS_WRONG"),
        ({"value": D("118.01")}, "DOES_NOT_ADD_UP"),
        ({"issue_date": date(2026, 11, 1)}, "OUTSIDE_PERIOD"),
    ],
)
def test_what_the_portal_would_refuse_blocks(wrong: dict[str, Any], code: str) -> None:
    found = gstr1(document("maharashtra", "100.00", **wrong))
    assert code in {lint.code for lint in found.lints[Level.BLOCK]}


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        (Amounts(D(100), cgst=D(9), sgst=D("9.01")), "HEADS_DIFFER"),
        (Amounts(D(100), igst=D(18), cgst=D(9), sgst=D(9)), "HEADS_MIXED"),
        (Amounts(D(-100), igst=D(-18)), "TAXABLE_NEGATIVE"),
    ],
)
def test_wrong_heads_block(amounts: Amounts, code: str) -> None:
    base = document("maharashtra", "100.00")
    piece = base.pieces[0]
    wrong = type(piece)(piece.rate, piece.sac, amounts)
    found = gstr1(document("maharashtra", pieces=(wrong,), value=amounts.taxable + amounts.tax))
    assert code in {lint.code for lint in found.lints[Level.BLOCK]}


def test_a_supply_without_payment_has_no_tax_and_one_to_a_zone_has_a_gstin() -> None:
    (piece,) = document("abroad_lut", "100.00").pieces
    taxed = type(piece)(piece.rate, piece.sac, Amounts(D(100), igst=D(18)))
    found = gstr1(document("abroad_lut", pieces=(taxed,), value=D(118)), document("sez", "100.00", customer_gstin=""))
    assert [lint.code for lint in found.lints[Level.BLOCK]] == ["TAX_WITHOUT_PAYMENT", "GSTIN_MISSING"]


def test_sums_that_differ_block() -> None:
    assert Reconciliation(Amounts(D(1)), Amounts(D(1)), Amounts(D(1))).lint is None
    for wrong in range(3):
        lint = Reconciliation(*(Amounts(D(each == wrong)) for each in range(3))).lint
        assert lint is not None
        assert (lint.level, lint.code) == (Level.BLOCK, "DOES_NOT_RECONCILE")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("100.00", "18", ""), "SAC_MISSING"),
        (("100.00", "18", "9983"), "SAC_TOO_SHORT"),
        (("100.00", "18", "847130"), "SAC_TOO_SHORT"),
        (("100.00", "18", "997915"), "SAC_UNKNOWN"),
        (("100.00", "17", "998315"), "RATE_UNKNOWN"),
    ],
)
def test_wrong_codes_and_rates_block(line: tuple[str, str, str], code: str) -> None:
    assert [lint.code for lint in gstr1(document("maharashtra", line)).lints[Level.BLOCK]] == [code]


def test_what_is_worth_a_look_does_not_block() -> None:
    found = gstr1(
        document("sez_lut", "1.00", lut_number=""),
        document("karnataka", "1.00", customer_pin="", customer_email=""),
        document("karnataka", "1.00", irn=Irn.MISSING),
        document("karnataka", "1.00", irn=Irn.CANCELLED),
        document("karnataka", "1.00", irn=Irn.NEW),
        note("karnataka", "1.00", on=date(2025, 3, 31)),  # until 30 November 2025
        document("karnataka", "1.00", issue_date=date(2026, 9, 30)),
    )
    assert not found.found[Level.BLOCK]
    assert [lint.code for lint in found.lints[Level.WARN]][:8] == [
        "LUT_MISSING", "PIN_MISSING", "EMAIL_MISSING", "IRN_MISSING", "IRN_CANCELLED", "IRN_NEW", "NOTE_LATE",
        "REPORTED_LATE",
    ]  # fmt: skip


def test_the_workbook_has_the_sheets_and_columns_of_the_government_and_safe_cells() -> None:
    table, book = CsvSheets(), XlsxSheets(is_iff=False)
    hostile = document("maharashtra", "100.00", customer_name='=HYPERLINK("http://evil.example","x")' + "y" * 99)
    gstr1(hostile, document("consumer", "20.00"), document("abroad_lut", "30.00"), writers=[table, book])
    with zipfile.ZipFile(table.file) as archive:
        assert archive.namelist() == [
            "b2b,sez,de.csv",
            "b2cs.csv",
            "exp.csv",
            "hsn(b2b).csv",
            "hsn(b2c).csv",
            "docs.csv",
        ]
        rows = list(csv.reader(io.TextIOWrapper(archive.open("b2b,sez,de.csv"), "utf-8")))
    assert len(rows[0]) == len(rows[1]) == 13
    assert rows[1][1].startswith("'=HYPERLINK")
    assert len(rows[1][1]) == 100
    assert rows[1][2:] == [
        hostile.number, "05-Oct-2026", "118.00", "27-Maharashtra", "N", "", "Regular B2B", "", "18", "100.00", "0",
    ]  # fmt: skip
    sheets = openpyxl.load_workbook(book.file)
    assert sheets.sheetnames[:3] == ["b2b,sez,de", "b2ba", "b2cl"]
    sheet = sheets["b2b,sez,de"]
    assert [cell.value for cell in sheet[4]][:2] == ["GSTIN/UIN of Recipient", "Receiver Name"]
    assert sheet["B5"].data_type == "s"
    assert (sheet["E5"].value, sheet["L5"].value) == (118, 100)
