"""What is wrong with a return, document by document: what blocks the export, and what is worth a look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.gst import (
    RATES,
    STATES,
    is_service,
    is_service_heading,
    validate_document_number,
    validate_gstin,
)
from billing_platform.lib.law import last_day_for_credit_note
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_percent, short_text
from invoicing.gst_heads import WITHOUT_PAYMENT, SupplyKind
from invoicing.returns.documents import SEZ, DocumentKind, Irn, ReturnDocument, is_abroad
from invoicing.returns.sections import Rules


class Level(StrEnum):
    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Lint:
    """One finding. `document` is the id of an invoice or credit note, by `kind`; None where it is about the return."""

    level: Level
    code: str
    sentence: str
    kind: DocumentKind | None = None
    document: UUID | None = None


def lints_of(document: ReturnDocument, rules: Rules) -> Iterator[Lint]:
    """Of one document that is in the return with its value."""
    found = [*_identity(document), *_place(document), *_codes(document, rules), *_sums(document)]
    for code, sentence in found:
        yield Lint(Level.BLOCK, code, f"{document.number}: {sentence}", document.kind, document.id)
    for code, sentence in _warnings(document):
        yield Lint(Level.WARN, code, f"{document.number}: {sentence}", document.kind, document.id)


def _identity(document: ReturnDocument) -> Iterator[tuple[str, str]]:
    try:
        validate_document_number(document.number)
    except InvalidInput as error:
        yield "NUMBER_INVALID", error.message
    if document.customer_gstin:
        try:
            validate_gstin(document.customer_gstin)
        except InvalidInput as error:
            yield "GSTIN_INVALID", f"the customer's GSTIN: {error.message}"
        if document.customer_gstin == document.seller_gstin:
            yield "SUPPLY_TO_ONESELF", "seller and customer have one GSTIN."


def _place(document: ReturnDocument) -> Iterator[tuple[str, str]]:
    place, amounts = document.place_of_supply, document.amounts
    if place not in STATES and not (document.is_export and is_abroad(place)):
        yield "PLACE_UNKNOWN", f"the place of supply {place or '(none)'} is no State."
    if amounts.cgst != amounts.sgst:
        yield "HEADS_DIFFER", f"CGST {amounts.cgst} is not SGST {amounts.sgst}."
    if amounts.igst and (amounts.cgst or amounts.sgst):
        yield "HEADS_MIXED", "IGST stands together with CGST and SGST."
    elif document.is_inter_state and (amounts.cgst or amounts.sgst):
        yield "HEADS_WRONG", "it is inter-State, and has CGST and SGST."
    elif not document.is_inter_state and amounts.igst:
        yield "HEADS_WRONG", "it is within one State, and has IGST."
    if document.supply_kind in SEZ and not document.customer_gstin:
        yield "GSTIN_MISSING", "a customer in a Special Economic Zone is billed on its GSTIN."


def _codes(document: ReturnDocument, rules: Rules) -> Iterator[tuple[str, str]]:
    for sac in sorted({piece.sac for piece in document.pieces}):
        if not sac:
            yield "SAC_MISSING", "a line has no SAC."
        elif not (sac.isascii() and sac.isdigit() and is_service(sac) and len(sac) >= rules.sac_digits):
            yield "SAC_TOO_SHORT", f"the SAC {sac} must begin with 99 and have {rules.sac_digits} digits at least."
        elif not is_service_heading(sac):
            yield "SAC_UNKNOWN", f"no service has a SAC that begins with {sac[:4]}."
    for rate, amounts in document.by_rate().items():
        if rate not in RATES:
            yield "RATE_UNKNOWN", f"the portal knows no rate of {short_text(rate)}%."
        if amounts.taxable < ZERO:
            yield "TAXABLE_NEGATIVE", f"the taxable value at {format_percent(rate)} is {amounts.taxable}, below 0."


def _sums(document: ReturnDocument) -> Iterator[tuple[str, str]]:
    amounts = document.amounts
    total = amounts.taxable + amounts.tax + document.round_off
    if total != document.value:
        yield "DOES_NOT_ADD_UP", f"taxable value, tax and round-off are {total}, but the value is {document.value}."
    if document.supply_kind in WITHOUT_PAYMENT and amounts.tax:
        yield "TAX_WITHOUT_PAYMENT", f"it is without payment of tax, and has tax of {amounts.tax}."


def _warnings(document: ReturnDocument) -> Iterator[tuple[str, str]]:
    if document.irn == Irn.MISSING:
        yield "IRN_MISSING", "it needs an IRN and has none, so it is no valid document yet (Rule 48 (5))."
    elif document.irn == Irn.CANCELLED:
        yield "IRN_CANCELLED", "its IRN is cancelled, and the document stands."
    elif document.irn == Irn.NEW:
        sentence = "its IRN is not two days old: the portal itself may not show it in the return yet. Compare both."
        yield "IRN_NEW", sentence
    if document.supply_kind in WITHOUT_PAYMENT and not document.lut_number:
        yield "LUT_MISSING", "it is without payment of tax, and names no letter of undertaking."
    if document.original is not None and document.issue_date > (
        last := last_day_for_credit_note(document.original.issue_date)
    ):
        yield "NOTE_LATE", f"the last day for a note to {document.original.number} was {day_text(last)}."
    if document.supply_kind == SupplyKind.B2B and not document.customer_pin:
        yield "PIN_MISSING", "the customer's address has no PIN code."
    if not document.customer_email:
        yield "EMAIL_MISSING", "the customer has no e-mail address."
