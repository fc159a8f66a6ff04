"""GSTR-1 as the portal's offline tool writes it: one JSON file, or several of at most 4 MB.

Documents go to a temporary file as they pass, and into the sections at the end: memory holds where they begin, not
what they say.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import IO, Any

import msgspec

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import short_text
from invoicing.returns.documents import Amounts, ReturnDocument
from invoicing.returns.gstr1 import Code, Gstr1, Place
from invoicing.returns.number_ranges import NATURES
from invoicing.returns.scratch import scratch_file
from invoicing.returns.sections import AMENDED, Section, export_type, invoice_type, unregistered_type

PART_BYTES = 4_000_000
"""The portal's tool splits files at this size."""
_PLAIN = {amended: plain for plain, amended in AMENDED.items()}
_GROUPED = {
    Section.B2B: ("ctin", "inv"),
    Section.B2BA: ("ctin", "inv"),
    Section.B2CL: ("pos", "inv"),
    Section.B2CLA: ("pos", "inv"),
    Section.EXP: ("exp_typ", "inv"),
    Section.EXPA: ("exp_typ", "inv"),
    Section.CDNR: ("ctin", "nt"),
}
_ORDER = (
    Section.B2B, Section.B2BA, Section.B2CL, Section.B2CLA, Section.B2CS, Section.B2CSA, Section.NIL, Section.EXP,
    Section.EXPA, Section.CDNR, Section.CDNUR,
)  # fmt: skip
_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_ROOM = 200_000
"""Left in a part for the envelope and a new group."""


class PortalJson:
    """Writes the parts into temporary files; `parts` are open at their beginning once it is finished."""

    def __init__(self, *, part_bytes: int = PART_BYTES) -> None:
        self.parts: list[IO[bytes]] = []
        self._spools: dict[Section, _Spool] = {}
        self._part_bytes = part_bytes

    def write(self, section: Section, document: ReturnDocument) -> None:
        spool = self._spools.setdefault(section, _Spool())
        spool.add(_group_of(section, document), encode(row_of(section, document)))

    def finish(self, gstr1: Gstr1) -> None:
        out = _Parts(gstr1, self._part_bytes)
        sums = {
            Section.B2CS: b2cs_rows(gstr1),
            Section.B2CSA: b2csa_rows(gstr1),
            Section.NIL: nil_rows(gstr1),
        }
        for section in _ORDER:
            if section in sums:
                out.key(section, sums[section])
            elif section in self._spools:
                out.listed(section, self._spools[section])
        if not gstr1.period.is_iff:
            out.key("doc_issue", doc_issue(gstr1))
            out.key("hsn", hsn(gstr1))
        self.parts = out.finish()

    def close(self) -> None:
        for file in [*self.parts, *(spool.file for spool in self._spools.values())]:
            file.close()


def encode(value: Any) -> bytes:
    """Decimals become numbers with the digits that they have."""
    return _NUMBERS.encode(value)


def row_of(section: Section, document: ReturnDocument) -> dict[str, Any]:
    """A document as its section lists it."""
    gone = section in _PLAIN
    plain = _PLAIN.get(section, section)
    row: dict[str, Any] = {"oinum": document.number, "oidt": portal_day(document.issue_date)} if gone else {}
    if plain == Section.CDNUR:
        row["typ"] = unregistered_type(document)
    row |= _heading(document, ZERO if gone else document.value)
    if plain in (Section.B2B, Section.CDNR):
        row |= {"pos": document.place_of_supply, "rchrg": "N", "inv_typ": invoice_type(document)}
    elif plain == Section.CDNUR and not document.is_export:
        row["pos"] = document.place_of_supply
    rates = document.by_rate().items()
    amounts = [(rate, Amounts() if gone else each) for rate, each in rates]
    row["itms"] = [_item(document, rate, each, is_flat=plain == Section.EXP) for rate, each in amounts]
    return row


def _heading(document: ReturnDocument, value: Decimal) -> dict[str, Any]:
    day = portal_day(document.issue_date)
    if document.is_note:
        return {"ntty": "C", "nt_num": document.number, "nt_dt": day, "val": money(value)}
    return {"inum": document.number, "idt": day, "val": money(value)}


def _item(document: ReturnDocument, rate: Decimal, amounts: Amounts, *, is_flat: bool) -> dict[str, Any]:
    if is_flat:
        return {
            "txval": money(amounts.taxable),
            "rt": shortest(rate),
            "iamt": money(amounts.igst),
            "csamt": ZERO,
        }
    detail = {"rt": shortest(rate), "txval": money(amounts.taxable)}
    detail |= _heads(amounts, is_inter_state=document.is_inter_state)
    return {"num": int(rate * 100) + 1, "itm_det": detail}


def _heads(amounts: Amounts, *, is_inter_state: bool) -> dict[str, Decimal]:
    """Only the heads that apply, and a cess of 0."""
    if is_inter_state:
        return {"iamt": money(amounts.igst), "csamt": ZERO}
    return {"camt": money(amounts.cgst), "samt": money(amounts.sgst), "csamt": ZERO}


def b2cs_rows(gstr1: Gstr1) -> list[dict[str, Any]]:
    return [_place_row(place, amounts) for place, amounts in sorted(gstr1.places.items()) if amounts]


def b2csa_rows(gstr1: Gstr1) -> list[dict[str, Any]]:
    """What the rows of the return before are now: `omon` is its period."""
    before = f"{gstr1.period.before:%m%Y}"
    rows = []
    for place, amounts in sorted(gstr1.changed_places.items()):
        row = _place_row(place, amounts)
        item = {name: row[name] for name in ("rt", "txval", "iamt", "camt", "samt", "csamt") if name in row}
        rows.append({"omon": before, "sply_ty": row["sply_ty"], "typ": "OE", "pos": row["pos"], "itms": [item]})
    return rows


def _place_row(place: Place, amounts: Amounts) -> dict[str, Any]:
    return {
        "sply_ty": "INTER" if place.is_inter_state else "INTRA",
        "rt": shortest(place.rate),
        "typ": "OE",
        "pos": place.place_of_supply,
        "txval": money(amounts.taxable),
        **_heads(amounts, is_inter_state=place.is_inter_state),
    }


def nil_rows(gstr1: Gstr1) -> dict[str, Any]:
    rows = [
        {
            "sply_ty": f"{'INTR' if key.is_inter_state else 'INTRA'}{'B2B' if key.is_registered else 'B2C'}",
            "nil_amt": money(amount),
            "expt_amt": ZERO,
            "ngsup_amt": ZERO,
        }
        for key, amount in sorted(gstr1.nil.items())
        if amount
    ]
    return {"inv": rows} if rows else {}


def hsn(gstr1: Gstr1) -> dict[str, Any]:
    """Table 12, as since May 2025: a list for registered buyers, and one for all others."""
    found: dict[str, Any] = {}
    for name, is_registered in (("hsn_b2b", True), ("hsn_b2c", False)):
        chosen = [each for each in sorted(gstr1.codes.items()) if each[0].is_registered == is_registered and each[1]]
        if rows := [_code_row(number, code, amounts) for number, (code, amounts) in enumerate(chosen, start=1)]:
            found[name] = rows
    return found


def _code_row(number: int, code: Code, amounts: Amounts) -> dict[str, Any]:
    return {
        "num": number,
        "hsn_sc": code.sac,
        "desc": "",
        "uqc": "NA",
        "qty": 0,
        "rt": shortest(code.rate),
        "txval": money(amounts.taxable),
        "iamt": money(amounts.igst),
        "camt": money(amounts.cgst),
        "samt": money(amounts.sgst),
        "csamt": ZERO,
    }


def doc_issue(gstr1: Gstr1) -> dict[str, Any]:
    kinds: dict[int, list[dict[str, Any]]] = {}
    for each in gstr1.numbers.ranges():
        rows = kinds.setdefault(NATURES[each.kind][0], [])
        rows.append(
            {
                "num": len(rows) + 1,
                "from": each.first,
                "to": each.last,
                "totnum": each.total,
                "cancel": each.cancelled,
                "net_issue": each.net,
            }
        )
    details = [{"doc_num": number, "docs": rows} for number, rows in sorted(kinds.items())]
    return {"doc_det": details} if details else {}


def money(amount: Decimal) -> Decimal:
    """Two decimals; nothing is 0."""
    return amount if amount else ZERO


def shortest(rate: Decimal) -> Decimal:
    """18.000 is 18."""
    return Decimal(short_text(rate))


def portal_day(day: date) -> str:
    return f"{day:%d-%m-%Y}"


def _group_of(section: Section, document: ReturnDocument) -> str:
    if section not in _GROUPED:
        return ""
    name = _GROUPED[section][0]
    if name == "exp_typ":
        return export_type(document)
    return document.customer_gstin if name == "ctin" else document.place_of_supply


class _Spool:
    """Encoded rows in a temporary file, by group: memory holds two numbers for each."""

    def __init__(self) -> None:
        self.file = scratch_file()
        self._groups: dict[str, array[int]] = {}
        self._end = 0

    def add(self, group: str, row: bytes) -> None:
        self.file.write(row)
        self._groups.setdefault(group, array("Q")).extend((self._end, len(row)))
        self._end += len(row)

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Group by group, in the order of their names; within a group as they came."""
        for group in sorted(self._groups):
            places = iter(self._groups[group])
            for begin, length in zip(places, places, strict=True):
                self.file.seek(begin)
                yield group, self.file.read(length)


class _Parts:
    """Files that are each a whole return, with a part of the documents."""

    def __init__(self, gstr1: Gstr1, limit: int) -> None:
        self._limit = limit
        head = {
            "gstin": gstr1.gstin,
            "fp": gstr1.period.code,
            "version": gstr1.rules.version,
            "hash": "hash",
        }
        self._envelope = encode(head)[:-1]
        self._files: list[IO[bytes]] = []
        self._begin()

    def key(self, name: str, value: Any) -> None:
        """A key with its whole value; nothing where the value is empty."""
        if not value:
            return
        content = encode(value)
        self._make_room(len(content))
        self._write(b"," + encode(name) + b":" + content)

    def listed(self, section: Section, spool: _Spool) -> None:
        """A section that lists documents, continued in the next file where this one is full."""
        open_group: str | None = None
        for group, row in spool.rows():
            if open_group is not None and self._is_full(len(row)):
                self._write(_closing(section))
                open_group = None
            if open_group is None:
                self._make_room(len(row))
                self._write(b"," + encode(section.value) + b":[" + _opening(section, group) + row)
            elif group != open_group:
                self._write(_group_end(section) + b"," + _opening(section, group) + row)
            else:
                self._write(b"," + row)
            open_group = group
        if open_group is not None:
            self._write(_closing(section))

    def finish(self) -> list[IO[bytes]]:
        self._write(b"}")
        for file in self._files:
            file.seek(0)
        return self._files

    def _begin(self) -> None:
        self._files.append(scratch_file())
        self._size = 0
        self._write(self._envelope)

    def _make_room(self, wanted: int) -> None:
        if self._is_full(wanted):
            self._write(b"}")
            self._begin()

    def _is_full(self, wanted: int) -> bool:
        has_content = self._size > len(self._envelope)
        return has_content and self._size + wanted + min(_ROOM, self._limit // 20) > self._limit

    def _write(self, content: bytes) -> None:
        self._files[-1].write(content)
        self._size += len(content)


def _opening(section: Section, group: str) -> bytes:
    if section not in _GROUPED:
        return b""
    name, rows = _GROUPED[section]
    return encode({name: group})[:-1] + b"," + encode(rows) + b":["


def _group_end(section: Section) -> bytes:
    return b"]}" if section in _GROUPED else b""


def _closing(section: Section) -> bytes:
    return _group_end(section) + b"]"
