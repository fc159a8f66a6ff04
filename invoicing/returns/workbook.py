"""The sheets of the government's workbook (GSTR-1 offline tool, template V2.1): their names, columns and rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing_platform.lib.gst import place_of_supply_label
from billing_platform.lib.money import ZERO
from invoicing.gst_heads import SupplyKind
from invoicing.returns.documents import Amounts, ReturnDocument
from invoicing.returns.gstr1 import Gstr1
from invoicing.returns.number_ranges import NATURES
from invoicing.returns.portal_json import shortest
from invoicing.returns.sections import AMENDED, Section, export_type, unregistered_type

NAME_LENGTH = 99
"""Characters of a receiver's name."""
Row = Sequence[Any]

_INVOICE_TYPES = {
    SupplyKind.SEZ_WITH_PAYMENT: "SEZ supplies with payment",
    SupplyKind.SEZ_WITHOUT_PAYMENT: "SEZ supplies without payment",
}
_INVOICE = ("Invoice Number", "Invoice date", "Invoice Value")
_NOTE = ("Note Number", "Note Date", "Note Type")
_ORIGINAL = ("Original Invoice Number", "Original Invoice date", "Revised Invoice Number", "Revised Invoice date")
_VALUES = ("Rate", "Taxable Value", "Cess Amount")
_PERCENT = "Applicable % of Tax Rate"
_TO = ("GSTIN/UIN of Recipient", "Receiver Name")
_CODES = (
    "HSN", "Description", "UQC", "Total Quantity", "Total Value", "Rate", "Taxable Value", "Integrated Tax Amount",
    "Central Tax Amount", "State/UT Tax Amount", "Cess Amount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    title: str
    columns: Sequence[str]


SHEETS: dict[Section | str, Sheet] = {
    Section.B2B: Sheet(
        "b2b,sez,de",
        "Summary For B2B, SEZ, DE (4A, 4B, 6B, 6C)",
        (*_TO, *_INVOICE, "Place Of Supply", "Reverse Charge", _PERCENT, "Invoice Type", "E-Commerce GSTIN", *_VALUES),
    ),
    Section.B2BA: Sheet(
        "b2ba",
        "Summary For B2BA",
        (
            *_TO,
            *_ORIGINAL,
            "Invoice Value",
            "Place Of Supply",
            "Reverse Charge",
            _PERCENT,
            "Invoice Type",
            "E-Commerce GSTIN",
            *_VALUES,
        ),
    ),
    Section.B2CL: Sheet(
        "b2cl",
        "Summary For B2CL (5)",
        (*_INVOICE, "Place Of Supply", _PERCENT, *_VALUES, "E-Commerce GSTIN"),
    ),
    Section.B2CLA: Sheet(
        "b2cla",
        "Summary For B2CLA",
        (
            "Original Invoice Number",
            "Original Invoice date",
            "Original Place Of Supply",
            "Revised Invoice Number",
            "Revised Invoice date",
            "Invoice Value",
            _PERCENT,
            *_VALUES,
            "E-Commerce GSTIN",
        ),
    ),
    Section.B2CS: Sheet(
        "b2cs", "Summary For B2CS (7)", ("Type", "Place Of Supply", _PERCENT, *_VALUES, "E-Commerce GSTIN")
    ),
    Section.B2CSA: Sheet(
        "b2csa",
        "Summary For B2CSA",
        ("Financial Year", "Original Month", "Place Of Supply", "Type", _PERCENT, *_VALUES, "E-Commerce GSTIN"),
    ),
    Section.CDNR: Sheet(
        "cdnr",
        "Summary For CDNR (9B)",
        (*_TO, *_NOTE, "Place Of Supply", "Reverse Charge", "Note Supply Type", "Note Value", _PERCENT, *_VALUES),
    ),
    Section.CDNUR: Sheet(
        "cdnur",
        "Summary For CDNUR (9B)",
        ("UR Type", *_NOTE, "Place Of Supply", "Note Value", _PERCENT, *_VALUES),
    ),
    Section.EXP: Sheet(
        "exp",
        "Summary For EXP (6)",
        ("Export Type", *_INVOICE, "Port Code", "Shipping Bill Number", "Shipping Bill Date", *_VALUES),
    ),
    Section.EXPA: Sheet(
        "expa",
        "Summary For EXPA",
        (
            "Export Type",
            *_ORIGINAL,
            "Invoice Value",
            "Port Code",
            "Shipping Bill Number",
            "Shipping Bill Date",
            *_VALUES,
        ),
    ),
    Section.NIL: Sheet(
        "exemp",
        "Summary For Nil rated, exempted and non GST outward supplies (8)",
        ("Description", "Nil Rated Supplies", "Exempted (other than nil rated/non GST supply)", "Non-GST Supplies"),
    ),
    "hsn_b2b": Sheet("hsn(b2b)", "Summary For HSN(12) B2B supplies", _CODES),
    "hsn_b2c": Sheet("hsn(b2c)", "Summary For HSN(12) B2C supplies", _CODES),
    "docs": Sheet(
        "docs",
        "Summary of documents issued during the tax period (13)",
        ("Nature of Document", "Sr. No. From", "Sr. No. To", "Total Number", "Cancelled"),
    ),
}
IFF_SHEETS = (Section.B2B, Section.CDNR)


def document_rows(section: Section, document: ReturnDocument) -> Iterator[Row]:
    """One row for each rate."""
    cells = _ROWS[section]
    gone = section in AMENDED.values()
    for rate, amounts in document.by_rate().items():
        values = [shortest(rate), ZERO if gone else amounts.taxable, ZERO]
        yield cells(document, ZERO if gone else document.value, values)


def sheet_day(day: date) -> str:
    return f"{day:%d-%b-%Y}"


def _name(document: ReturnDocument) -> str:
    return document.customer_name[:NAME_LENGTH]


def _supply(document: ReturnDocument) -> str:
    return _INVOICE_TYPES.get(document.supply_kind, "Regular B2B")


def _place(document: ReturnDocument) -> str:
    return place_of_supply_label(document.place_of_supply)


def _b2b(document: ReturnDocument, value: Decimal, values: Row) -> Row:
    head = [document.customer_gstin, _name(document), document.number, sheet_day(document.issue_date), value]
    return [*head, _place(document), "N", "", _supply(document), "", *values]


def _b2ba(document: ReturnDocument, value: Decimal, values: Row) -> Row:
    named = [document.number, sheet_day(document.issue_date)] * 2
    head = [document.customer_gstin, _name(document), *named, value]
    return [*head, _place(document), "N", "", _supply(document), "", *values]


def _b2cl(document: ReturnDocument, value: Decimal, values: Row) -> Row:
    return [document.number, sheet_day(document.issue_date), value, _place(document), "", *values, ""]


def _b2cla(document: ReturnDocument, value: Decimal, values: Row) -> Row:
    named = [document.number, sheet_day(document.issue_date)]
    return [*named, _place(document), *named, value, "", *values, ""]


def _exp(document: ReturnDocument, value: Decimal, values: Row) -> Row:
    return [export_type(document), document.number, sheet_day(document.issue_date), value, "", "", "", *values]


def _expa(document: ReturnDocument, value: Decimal, values: Row) -> Row:
    named = [document.number, sheet_day(document.issue_date)] * 2
    return [export_type(document), *named, value, "", "", "", *values]


def _cdnr(document: ReturnDocument, value: Decimal, values: Row) -> Row:
    head = [document.customer_gstin, _name(document), document.number, sheet_day(document.issue_date), "C"]
    return [*head, _place(document), "N", _supply(document), value, "", *values]


def _cdnur(document: ReturnDocument, value: Decimal, values: Row) -> Row:
    place = "" if document.is_export else _place(document)
    named = [unregistered_type(document), document.number, sheet_day(document.issue_date), "C"]
    return [*named, place, value, "", *values]


_ROWS: dict[Section, Callable[[ReturnDocument, Decimal, Row], Row]] = {
    Section.B2B: _b2b,
    Section.B2BA: _b2ba,
    Section.B2CL: _b2cl,
    Section.B2CLA: _b2cla,
    Section.EXP: _exp,
    Section.EXPA: _expa,
    Section.CDNR: _cdnr,
    Section.CDNUR: _cdnur,
}


def summed_rows(gstr1: Gstr1) -> Iterator[tuple[Section | str, Row]]:
    """What is known once all documents have passed, sheet by sheet."""
    for place, amounts in sorted(gstr1.places.items()):
        if amounts:
            values = [shortest(place.rate), amounts.taxable, ZERO]
            yield Section.B2CS, ["OE", place_of_supply_label(place.place_of_supply), "", *values, ""]
    yield from _changed_places(gstr1)
    for key, amount in sorted(gstr1.nil.items()):
        where = "Inter-State" if key.is_inter_state else "Intra-State"
        whom = "registered persons" if key.is_registered else "unregistered persons"
        yield Section.NIL, [f"{where} supplies to {whom}", amount, ZERO, ZERO]
    if gstr1.period.is_iff:
        return
    for code, amounts in sorted(gstr1.codes.items()):
        if amounts:
            yield "hsn_b2b" if code.is_registered else "hsn_b2c", _code_row(code.sac, code.rate, amounts)
    for each in gstr1.numbers.ranges():
        yield "docs", [NATURES[each.kind][1], each.first, each.last, each.total, each.cancelled]


def _changed_places(gstr1: Gstr1) -> Iterator[tuple[Section | str, Row]]:
    day = gstr1.period.before
    year = f"{day.year}-{(day.year + 1) % 100:02d}" if day.month > 3 else f"{day.year - 1}-{day.year % 100:02d}"
    for place, amounts in sorted(gstr1.changed_places.items()):
        where = [place_of_supply_label(place.place_of_supply), "OE", ""]
        yield Section.B2CSA, [year, f"{day:%B}", *where, shortest(place.rate), amounts.taxable, ZERO, ""]


def _code_row(sac: str, rate: Decimal, amounts: Amounts) -> Row:
    total = amounts.taxable + amounts.tax
    heads = [amounts.taxable, amounts.igst, amounts.cgst, amounts.sgst, ZERO]
    return [sac, "", "NA", 0, total, shortest(rate), *heads]
