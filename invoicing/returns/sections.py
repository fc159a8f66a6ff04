"""Which section of GSTR-1 a document stands in (facts in order, as the form's instructions have them)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing_platform.lib.money import ZERO
from invoicing.gst_heads import SupplyKind
from invoicing.returns.documents import WITHOUT_PAYMENT, ReturnDocument


class Section(StrEnum):
    """Named by the portal's key, in the order of its file. NONE: the document counts only as a number."""

    B2B = "b2b"
    B2BA = "b2ba"
    B2CL = "b2cl"
    B2CLA = "b2cla"
    B2CS = "b2cs"
    B2CSA = "b2csa"
    NIL = "nil"
    EXP = "exp"
    EXPA = "expa"
    CDNR = "cdnr"
    CDNUR = "cdnur"
    NONE = ""


WORDS = {
    Section.B2B: "To registered customers (4A, 4B, 6B, 6C)",
    Section.B2BA: "Changed: to registered customers (9A)",
    Section.B2CL: "Large, to unregistered customers in other States (5)",
    Section.B2CLA: "Changed: large, to unregistered customers (9A)",
    Section.B2CS: "Other sales to unregistered customers, net of their notes (7)",
    Section.B2CSA: "Changed: other sales to unregistered customers (10)",
    Section.NIL: "Nil-rated (8)",
    Section.EXP: "Exports (6A)",
    Section.EXPA: "Changed: exports (9A)",
    Section.CDNR: "Credit notes to registered customers (9B)",
    Section.CDNUR: "Credit notes to others (9B)",
}
NOTES = frozenset({Section.CDNR, Section.CDNUR})
IFF_SECTIONS = frozenset({Section.B2B, Section.CDNR})
AMENDED = {Section.B2B: Section.B2BA, Section.B2CL: Section.B2CLA, Section.EXP: Section.EXPA}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the portal changes from time to time. `b2cl_limits`: from a day on, an invoice above so many rupees, tax
    included, is large; the latest day that is not after the document's counts. `sac_digits`: of a code, at least."""

    version: str
    b2cl_limits: Sequence[tuple[date, Decimal]]
    sac_digits: int = 6

    def b2cl_limit(self, day: date) -> Decimal:
        return max(((since, limit) for since, limit in self.b2cl_limits if since <= day), default=(day, ZERO))[1]


def section_of(document: ReturnDocument, rules: Rules) -> Section:
    """Where the taxed part of a document stands."""
    if document.is_void or document.is_commercial or document.is_of_nothing:
        return Section.NONE
    if not document.taxed:
        return Section.NIL
    if document.is_export:
        return Section.CDNUR if document.is_note else Section.EXP
    if document.is_registered:
        return Section.CDNR if document.is_note else Section.B2B
    if document.is_inter_state and _is_large(document, rules):
        return Section.CDNUR if document.is_note else Section.B2CL
    return Section.B2CS


def _is_large(document: ReturnDocument, rules: Rules) -> bool:
    """A note goes where its invoice is: that is never smaller, and may be of a time with another limit."""
    if document.original is not None:
        return document.original.value > rules.b2cl_limit(document.original.issue_date)
    return document.value > rules.b2cl_limit(document.issue_date)


INVOICE_TYPES = {SupplyKind.SEZ_WITH_PAYMENT: "SEWP", SupplyKind.SEZ_WITHOUT_PAYMENT: "SEWOP"}


def invoice_type(document: ReturnDocument) -> str:
    """`inv_typ` of a document to a registered customer."""
    return INVOICE_TYPES.get(document.supply_kind, "R")


def export_type(document: ReturnDocument) -> str:
    return "WOPAY" if document.supply_kind in WITHOUT_PAYMENT else "WPAY"


def unregistered_type(document: ReturnDocument) -> str:
    """`typ` of a note in cdnur: EXPWP, EXPWOP or B2CL."""
    return document.supply_kind.value if document.is_export else Section.B2CL.upper()
