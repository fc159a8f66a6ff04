"""Which section of GSTR-1 a document stands in (facts in order, as the form's instructions have them)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from billing_platform.lib.law import LARGE_B2C_ABOVE, in_force
from invoicing.gst_heads import WITHOUT_PAYMENT, SupplyKind
from invoicing.returns.documents import ReturnDocument


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
CHANGED = frozenset({*AMENDED.values(), Section.B2CSA})
"""They say what something of an earlier return is now, and add nothing up."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the portal asks for: `version` of its tool, as files name it, and `sac_digits` of a code, at least."""

    version: str
    sac_digits: int = 6


def section_of(document: ReturnDocument) -> Section:
    """Where the taxed part of a document stands."""
    if document.is_void or document.is_commercial or document.is_of_nothing:
        return Section.NONE
    if not document.taxed:
        return Section.NIL
    if document.is_export:
        return Section.CDNUR if document.is_note else Section.EXP
    if document.is_registered:
        return Section.CDNR if document.is_note else Section.B2B
    if document.is_inter_state and _is_large(document):
        return Section.CDNUR if document.is_note else Section.B2CL
    return Section.B2CS


def _is_large(document: ReturnDocument) -> bool:
    """A note goes where its invoice is: that is never smaller, and may be of a time with another limit."""
    if document.original is not None:
        return document.original.value > in_force(LARGE_B2C_ABOVE, document.original.issue_date)
    return document.value > in_force(LARGE_B2C_ABOVE, document.issue_date)


INVOICE_TYPES = {SupplyKind.SEZ_WITH_PAYMENT: "SEWP", SupplyKind.SEZ_WITHOUT_PAYMENT: "SEWOP"}


def invoice_type(document: ReturnDocument) -> str:
    """`inv_typ` of a document to a registered customer."""
    return INVOICE_TYPES.get(document.supply_kind, "R")


def export_type(document: ReturnDocument) -> str:
    return "WOPAY" if document.supply_kind in WITHOUT_PAYMENT else "WPAY"


def unregistered_type(document: ReturnDocument) -> str:
    """`typ` of a note in cdnur: EXPWP, EXPWOP or B2CL."""
    return document.supply_kind.value if document.is_export else Section.B2CL.upper()
